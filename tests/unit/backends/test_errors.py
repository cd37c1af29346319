"""What the errors of a simulated backend promise."""

from __future__ import annotations

import json
import os
import pickle
from pathlib import Path

import pytest

from backends.errors import (
    PROPRIETARY,
    STANDARD,
    STATUS,
    LocatedError,
    OpenEOError,
    collection_not_found,
    located,
)

ROOT = Path(__file__).resolve().parents[3]


def test_an_error_gives_the_body_that_the_api_wants() -> None:
    error = OpenEOError("JobLocked", "The job is running.")
    assert error.as_json("r-1") == {
        "id": "r-1",
        "code": "JobLocked",
        "message": "The job is running.",
    }
    assert error.status == 400


def test_an_error_with_links_shows_them() -> None:
    link = {"rel": "about", "href": "https://example.org"}
    assert OpenEOError("Internal", "Oh.", links=[link]).as_json("r-1")["links"] == [link]


def test_the_status_follows_from_the_code() -> None:
    assert OpenEOError("CollectionNotFound", "").status == 404
    assert OpenEOError("AuthenticationRequired", "").status == 401
    assert OpenEOError("InfrastructureBusy", "").status == 503


def test_an_error_is_the_same_one_after_it_came_from_another_machine() -> None:
    link = {"rel": "about", "href": "https://example.org"}
    error = OpenEOError("Internal", "Oh.", status=503, headers={"Retry-After": "5"}, links=[link])
    for sent in (error, located(error, "(process 'add' at node 'a')")):
        come = pickle.loads(pickle.dumps(sent))
        assert (come.code, come.message, come.status) == (sent.code, sent.message, 503)
        assert (come.headers, come.links) == ({"Retry-After": "5"}, (link,))
        assert type(come) is type(sent)


def test_an_error_with_its_place_says_it_in_its_message() -> None:
    error = located(OpenEOError("DataInvalid", "It is no cube."), "(process 'add' at node 'a')")
    assert isinstance(error, LocatedError)
    assert error.message == "It is no cube (process 'add' at node 'a')."


def test_a_code_that_nobody_knows_is_the_users_mistake() -> None:
    assert OpenEOError("SomethingOfItsOwn", "").status == 400


def test_a_proprietary_code_never_redefines_a_standard_one() -> None:
    assert not PROPRIETARY.keys() & STANDARD.keys()


def test_an_unknown_collection_is_told_which_exist() -> None:
    message = collection_not_found("S2", ["SENTINEL2_L2A", "DEM"]).message
    assert message == ("Collection 'S2' does not exist. Available are: SENTINEL2_L2A, DEM.")


def test_every_standard_code_has_the_status_of_the_specification() -> None:
    specification = os.environ.get("OPENEO_SPECIFICATION")
    folder = Path(specification).parent if specification else ROOT.parent / "shared/openeo"
    document = folder / "errors-1.2.0.json"
    if not document.is_file():
        pytest.skip(f"the list of standard errors is not at {document}")
    standard = json.loads(document.read_text(encoding="utf-8"))
    assert {code: STATUS.get(code) for code in standard} == {
        code: entry["http"] for code, entry in standard.items()
    }
