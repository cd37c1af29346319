"""Values that are of the right type, and odd: they are faults of the backend, not of the review."""

from __future__ import annotations

from typing import Any

import pytest
from click.testing import CliRunner

from scripts.self_review.account import Account, BasicLogin
from scripts.self_review.main import main
from scripts.self_review.report import Report
from scripts.self_review.reports import FORMS
from scripts.self_review.sample import piece
from tests.fakes.backends import Call, Reply
from tests.unit.self_review.reviewing import HOST, ROOT, reviewed, verdict

NO_ADDRESS = "http://[openeo.example/1.2"


def json_of(body: bytes) -> Reply:
    return Reply(200, headers={"Content-Type": "application/json"}, body=[body])


def capabilities(**fields: Any) -> dict[str, Any]:
    return {"GET /": {"api_version": "1.3.0", "endpoints": [], **fields}}


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (b"NaN", "the body is no JSON (NaN is no value of JSON)"),
        (b"-Infinity", "the body is no JSON (-Infinity is no value of JSON)"),
        (b"9" * 5000, "the body is no JSON (Exceeds the limit (4300 digits)"),
    ],
)
def test_what_only_python_reads_as_json_is_no_json(value: bytes, reason: str) -> None:
    document = b'{"api_version": "1.3.0", "endpoints": [], "extra": %s}' % value
    said, why = verdict({"GET /": json_of(document)}, "api-30")
    assert said == "fail"
    assert why.startswith(reason)


def test_a_version_of_many_digits_is_no_supported_version() -> None:
    said, _ = verdict(capabilities(api_version="9" * 5000), "api-33")
    assert said == "fail"


def test_a_list_of_versions_must_name_web_addresses() -> None:
    versions = [{"url": one, "api_version": "1.3.0"} for one in (NO_ADDRESS, "/openeo/1.3", ROOT)]
    backend = capabilities() | {"GET /.well-known/openeo": {"versions": versions}}
    assert verdict(backend, "api-21") == (
        "fail",
        f"the url {NO_ADDRESS} is no web address; the url /openeo/1.3 is no web address.",
    )


def test_the_address_of_the_api_is_found_beside_one_that_is_none() -> None:
    versions = [{"url": NO_ADDRESS, "api_version": "1.4"}, {"url": ROOT, "api_version": "1.3"}]
    backend = capabilities() | {"GET /.well-known/openeo": {"versions": versions}}
    assert reviewed(backend, url=f"{HOST}/elsewhere", only=("api-33",)).root == ROOT


def test_a_link_that_is_no_address_fails_no_check_of_metadata() -> None:
    collection = {"id": "A", "links": [{"rel": "about", "href": NO_ADDRESS}]}
    backend = capabilities() | {
        "GET /collections": {"collections": [collection], "links": []},
        "GET /collections/A": collection,
    }
    assert verdict(backend, "collections-5")[1].startswith("0 links resolve")


def test_a_job_whose_location_is_no_address_is_found_by_its_body() -> None:
    removed: list[str] = []

    def remove(call: Call) -> Reply:
        removed.append(call.path)
        return Reply(204)

    backend = capabilities() | {
        "GET /credentials/basic": {"access_token": "t"},
        "POST /jobs": Reply(201, {"id": "made-1"}, {"Location": NO_ADDRESS}),
        "DELETE /jobs/*": remove,
    }
    reviewed(backend, only=("api-730",), account=Account(BasicLogin("me", "secret")))
    assert removed == ["/openeo/1.3/jobs/made-1"]


COLLECTION: dict[str, Any] = {
    "id": "A",
    "cube:dimensions": {
        "x": {"type": "spatial", "axis": "x"},
        "y": {"type": "spatial", "axis": "y"},
        "t": {"type": "temporal", "step": "P1D"},
    },
    "extent": {
        "spatial": {"bbox": [[0, 0, 20, 50]]},
        "temporal": {"interval": [["2015-01-01T00:00:00Z", None]]},
    },
}


def of_time(*interval: str | None) -> dict[str, Any]:
    return {
        **COLLECTION,
        "extent": {**COLLECTION["extent"], "temporal": {"interval": [list(interval)]}},
    }


def with_axis(name: str, **fields: Any) -> dict[str, Any]:
    dimensions = COLLECTION["cube:dimensions"]
    return {**COLLECTION, "cube:dimensions": {**dimensions, name: {**dimensions[name], **fields}}}


@pytest.mark.parametrize(
    "collection",
    [
        of_time("9999-12-31T00:00:00Z", None),
        of_time("0001-01-01T00:00:00Z", "0001-01-02T00:00:00Z"),
        with_axis("t", step="P99999999999D"),
        with_axis("x", step=10**400),
    ],
)
def test_no_sample_is_taken_of_times_and_numbers_beyond_reckoning(
    collection: dict[str, Any],
) -> None:
    assert piece(COLLECTION) is not None
    assert piece(collection) is None


def test_the_coarsest_pixels_have_the_widest_sample() -> None:
    found = piece(with_axis("x", step=1e300))
    assert found is not None and found.size == 1.0


@pytest.fixture(scope="module")
def long_report() -> Report:
    names = [
        {"path": "/" + "9" * 5000, "methods": ["GET"]},
        {"path": "/\ud800", "methods": ["GET"]},
    ]
    document = str(names).replace("'", '"').encode("ascii", "backslashreplace")
    body = b'{"api_version": "1.3.0", "title": "\\ud800 %s", "endpoints": %s}' % (
        b"a" * 100_000,
        document,
    )
    return reviewed({"GET /": json_of(body)}, only=("api-30", "api-32"))


@pytest.mark.parametrize("form", FORMS)
def test_half_a_character_can_be_written_in_every_form(long_report: Report, form: str) -> None:
    assert FORMS[form](long_report).encode("utf-8")


def test_what_a_backend_says_at_great_length_is_shortened(long_report: Report) -> None:
    says = [one.outcome.says for one in long_report.findings]
    assert max(map(len, says)) == 2001
    assert len(long_report.title) == 200


def test_an_address_that_is_none_is_wrong_usage() -> None:
    result = CliRunner().invoke(main, [NO_ADDRESS])
    assert result.exit_code == 2
    assert "it must be a web address" in result.stderr
