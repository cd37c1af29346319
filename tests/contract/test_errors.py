"""The aggregator's errors against the list of errors of the openEO API."""

import inspect
import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

from aggregator import errors
from aggregator.errors import OpenEOError

DOCUMENT = Path(
    os.environ.get(
        "OPENEO_ERRORS",
        Path(__file__).resolve().parents[3] / "shared/openeo/errors-1.2.0.json",
    )
)
FEDERATION = {
    "NoBackendForProcess",
    "BackendUnavailable",
    "BackendPaused",
    "BackendTimeout",
    "BackendFailure",
    "BackendError",
    "IdentityProviderUnavailable",
    "PartFailed",
    "ConsentRequired",
    "DatabaseUnavailable",
    "PolicyUnsupported",
    "TilesInvalid",
    "TilingUnsupported",
    # The Workspaces Extension names no codes.
    "WorkspaceNotFound",
    "WorkspaceProviderUnsupported",
    # RFC 9110: a part of a file that it does not have.
    "RangeNotSatisfiable",
}


def standard() -> dict[str, Any]:
    if not DOCUMENT.is_file():
        pytest.skip(f"the list of openEO's errors is not at {DOCUMENT}")
    found: dict[str, Any] = json.loads(DOCUMENT.read_text(encoding="utf-8"))
    return found


def classes() -> dict[str, type[OpenEOError]]:
    return {
        name: found
        for name, found in vars(errors).items()
        if inspect.isclass(found)
        and issubclass(found, OpenEOError)
        and found is not OpenEOError
        and not name.startswith("_")
    }


def test_every_standard_error_has_a_class_and_no_other_code_is_made_up() -> None:
    assert set(classes()) == set(standard()) | FEDERATION


def test_every_standard_error_has_its_standard_status() -> None:
    document = standard()
    ours = {name: classes()[name].status for name in document}
    assert ours == {name: entry["http"] for name, entry in document.items()}


def test_every_class_carries_its_name_as_the_code() -> None:
    assert {name: found.code for name, found in classes().items()} == {n: n for n in classes()}


def test_what_the_standard_messages_name_our_errors_are_told() -> None:
    for name, entry in standard().items():
        wanted = set(re.findall(r"\{(\w+)\}", entry["message"]))
        given = {p.rstrip("_") for p in inspect.signature(classes()[name]).parameters}
        assert wanted <= given, name


def test_what_an_error_is_told_stands_in_its_message() -> None:
    for name, entry in standard().items():
        wanted = re.findall(r"\{(\w+)\}", entry["message"])
        parameters = inspect.signature(classes()[name]).parameters
        told = {p: f"<{p}>" for p in parameters if p.rstrip("_") in wanted}
        message = classes()[name](**told).message  # type: ignore[arg-type]
        assert all(value in message for value in told.values()), name


def test_no_message_is_a_copy_of_the_standard_wording() -> None:
    for name, entry in standard().items():
        if "{" not in entry["message"]:
            assert classes()[name]().message != entry["message"], name


def test_the_tree_at_the_top_of_the_module_names_every_error() -> None:
    named = set(re.findall(r"\w+", inspect.getdoc(errors) or ""))
    assert not [name for name in classes() if name not in named]
