"""The rules for aggregators: what was not seen of a member is not judged."""

from __future__ import annotations

from typing import Any

import pytest

from scripts.self_review.backend import Options
from tests.fakes.backends import Reply
from tests.unit.self_review.reviewing import HOST, verdict

AGGREGATOR = Options(aggregator=True)


def federation(second: Any) -> dict[str, Any]:
    """Two members, whose lists both name `add`; the second one answers this."""
    members = {one: {"url": f"{HOST}/{one}"} for one in ("first", "second")}
    processes = {"processes": [{"id": "add"}], "links": []}
    formats: dict[str, Any] = {"input": {}, "output": {"GTiff": {}}}
    return {
        "GET /": {"api_version": "1.3.0", "endpoints": [], "federation": members},
        "GET /processes": processes,
        "GET /file_formats": formats,
        "GET /first/processes": processes,
        "GET /first/file_formats": formats,
        "GET /second/processes": second or processes,
        "GET /second/file_formats": second or formats,
    }


@pytest.mark.parametrize("requirement", ["federation-5", "federation-6"])
def test_the_lists_of_all_members_are_compared(requirement: str) -> None:
    assert verdict(federation(None), requirement, options=AGGREGATOR)[0] == "pass"


@pytest.mark.parametrize("requirement", ["federation-5", "federation-6"])
@pytest.mark.parametrize(
    "second", [Reply(401, {}), Reply(200, [])], ids=["needs a login", "is no object"]
)
def test_without_the_list_of_a_member_nothing_is_said_of_all(second: Any, requirement: str) -> None:
    said, why = verdict(federation(second), requirement, options=AGGREGATOR)
    assert said == "could not tell"
    assert why.startswith(f"GET {HOST}/second/")


@pytest.mark.parametrize("requirement", ["federation-5", "federation-6"])
def test_nothing_is_the_union_of_members_without_addresses(requirement: str) -> None:
    backend = federation(None)
    backend["GET /"]["federation"] = {"first": {}, "second": {"url": "second"}}
    assert verdict(backend, requirement, options=AGGREGATOR) == (
        "could not tell",
        "No member is named with its url (judged by federation-1).",
    )


CLASS = "https://api.openeo.org/extensions/federation/"
OFFLINE = {"url": f"{HOST}/second", "status": "offline"}


@pytest.mark.parametrize(
    ("requirement", "path", "change", "expected"),
    [
        ("federation-1", "/", {"federation": {"first": {"url": HOST}}}, "fail"),
        ("federation-1", "/", {"federation": {"first": {"url": HOST}, "second": {}}}, "fail"),
        ("federation-2", "/", {"conformsTo": ["https://api.openeo.org/1.3.0"]}, "fail"),
        ("federation-2", "/", {"conformsTo": [f"{CLASS}0.2.0"]}, "warning"),
        ("federation-2", "/", {"conformsTo": [f"{CLASS}0.2.0", f"{CLASS}0.1.0"]}, "pass"),
        ("federation-3", "/", {"federation": {"first": {}, "second": OFFLINE}}, "fail"),
        ("federation-3", "/processes", {"federation:missing": ["third"]}, "fail"),
        ("federation-3", "/processes", {"federation:missing": []}, "not applicable"),
        ("federation-4", "/processes", {"processes": [{"federation:backends": []}]}, "fail"),
        ("federation-4", "/processes", {"processes": [{"federation:backends": ["x"]}]}, "fail"),
        ("federation-4", "/processes", {"processes": [{"federation:backends": ["first"]}]}, "pass"),
        ("federation-5", "/processes", {"processes": []}, "fail"),
        ("federation-5", "/processes", {"processes": [{"id": "add"}, {"id": "rare"}]}, "fail"),
        ("federation-6", "/file_formats", {"output": {}}, "fail"),
    ],
)
def test_each_rule_of_a_federation_can_be_broken(
    requirement: str, path: str, change: dict[str, Any], expected: str
) -> None:
    backend = federation(None) | {"GET /collections": {"collections": [], "links": []}}
    backend[f"GET {path}"] = {**backend[f"GET {path}"], **change}
    assert verdict(backend, requirement, options=AGGREGATOR)[0] == expected


def test_the_union_of_formats_may_write_their_names_in_other_letters() -> None:
    backend = federation(None)
    backend["GET /file_formats"] = {"input": {}, "output": {"gtiff": {}}}
    assert verdict(backend, "federation-6", options=AGGREGATOR)[0] == "pass"
