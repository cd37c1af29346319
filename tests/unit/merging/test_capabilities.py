"""Capabilities: what the federation can do through the backends that it has."""

from __future__ import annotations

from typing import Any

import pytest

from aggregator.merging.capabilities import Endpoint, merge_capabilities
from aggregator.merging.notes import Merged
from tests.contract.specification import assert_conforms
from tests.fakes.documents import capabilities, endpoint, frozen, thawed
from tests.unit.merging.noted import assert_not_noted, assert_noted

ORDER = ("terra", "aurora", "boreal")

ROUTES = (
    Endpoint("/", ("GET",), own=frozenset({"GET"})),
    Endpoint("/collections", ("GET",)),
    Endpoint("/processes", ("GET",)),
    Endpoint("/jobs", ("GET", "POST")),
    Endpoint("/jobs/{job_id}", ("GET", "PATCH", "DELETE")),
    Endpoint("/services", ("GET", "POST")),
    Endpoint("/validation", ("POST",), own=frozenset({"POST"})),
)

BASE: dict[str, Any] = {
    "id": "federation",
    "title": "A federation",
    "description": "Several backends behind one endpoint.",
    "backend_version": "0.1.0",
    "links": [{"rel": "version-history", "href": "https://f.example/.well-known/openeo"}],
}

MEMBERS: dict[str, dict[str, Any]] = {
    "terra": {
        "url": "https://terra.example/openeo/1.3",
        "status": "online",
        "last_status_check": "2026-01-01T12:00:00Z",
        "last_successful_check": "2026-01-01T12:00:00Z",
    },
    "aurora": {
        "url": "https://aurora.example/openeo/1.2",
        "status": "offline",
        "last_status_check": "2026-01-01T12:00:00Z",
        "last_successful_check": None,
    },
}


def merged(**documents: Any) -> Merged[dict[str, Any]]:
    return merge_capabilities(documents, order=ORDER, members=MEMBERS, base=BASE, routes=ROUTES)


def endpoints(**documents: Any) -> dict[str, list[str]]:
    listed = merged(**documents).document["endpoints"]
    assert len({one["path"] for one in listed}) == len(listed)
    return {one["path"]: one["methods"] for one in listed}


def test_the_federation_is_stated_complete() -> None:
    found = merged(terra=capabilities()).document
    assert found["federation"] == MEMBERS
    assert found["type"] == "Catalog"
    assert found["api_version"] == "1.3.0"
    assert found["title"] == "A federation"
    for extension in ("0.1.0", "0.2.0"):
        assert f"https://api.openeo.org/extensions/federation/{extension}" in found["conformsTo"]


def test_capabilities_are_as_the_api_describes_them() -> None:
    found = merged(terra=capabilities("1.3.0"), aurora=capabilities("1.1.0"))
    assert_conforms("get", "/", 200, found.document)


def test_with_no_backend_known_they_still_are() -> None:
    found = merged()
    assert_conforms("get", "/", 200, found.document)
    assert found.document["endpoints"] == [endpoint("/validation", "POST")]
    assert found.document["production"] is False


# Endpoints


def test_an_endpoint_is_listed_where_a_backend_can_serve_it_and_the_federation_routes_it() -> None:
    assert endpoints(
        terra=capabilities(endpoints=["/collections", endpoint("/jobs", "GET", "POST")]),
        aurora=capabilities(endpoints=["/collections", "/processes", "/files/{user_id}"]),
    ) == {
        "/collections": ["GET"],
        "/processes": ["GET"],
        "/jobs": ["GET", "POST"],
        "/validation": ["POST"],
    }


def test_endpoints_are_told_apart_by_method() -> None:
    found = endpoints(
        terra=capabilities(endpoints=[endpoint("/jobs/{job_id}", "GET")]),
        aurora=capabilities(endpoints=[endpoint("/jobs/{job_id}", "DELETE", "OPTIONS")]),
    )
    assert found["/jobs/{job_id}"] == ["GET", "DELETE"]


def test_names_of_variables_and_case_of_methods_do_not_matter() -> None:
    found = endpoints(terra=capabilities(endpoints=[endpoint("/jobs/{id}/", "get")]))
    assert found["/jobs/{job_id}"] == ["GET"]


def test_what_the_federation_serves_itself_needs_no_backend() -> None:
    assert endpoints(terra=capabilities(endpoints=[]))["/validation"] == ["POST"]


def test_what_is_not_passed_on_is_noted() -> None:
    found = merged(terra=capabilities(endpoints=["/files/{user_id}", endpoint("/me", "OPTIONS")]))
    note = assert_noted(found, "endpoint-not-routed", "terra")
    assert note.values["endpoints"] == ["GET /files/{}"]


def test_who_does_not_list_its_processes_hears_that_they_are_not_asked_for() -> None:
    found = merged(
        terra=capabilities(endpoints=["/collections", "/jobs"]),
        aurora=capabilities(endpoints=[]),
        boreal=capabilities(endpoints=[endpoint("/collections", "get"), "/processes/"]),
    )
    (note,) = [note for note in found.notes if note.code == "endpoint-not-listed"]
    assert note.message == (
        "terra is not asked for what it does not list among its endpoints: [GET /processes]."
    )


@pytest.mark.parametrize("broken", [None, {}, "/jobs", 5, [None, "x", {"path": "/jobs"}, {}]])
def test_broken_endpoints_cost_no_other_backend_its_own(broken: object) -> None:
    found = merged(terra=capabilities(fields={"endpoints": broken}), aurora=capabilities())
    assert endpoint("/jobs", "GET") in found.document["endpoints"]
    assert any(note.backends == ("terra",) for note in found.notes)


@pytest.mark.parametrize(
    ("field", "odd"),
    [
        ("production", "yes"),
        ("conformsTo", {"a": 1}),
        ("conformsTo", ["https://api.openeo.org/1.2.0", 5]),
        ("endpoints", [{"path": "/jobs", "methods": ["GET", None]}]),
    ],
)
def test_what_cannot_be_used_does_not_vanish_silently(field: str, odd: object) -> None:
    found = merged(terra=capabilities(fields={field: odd}), aurora=capabilities())
    assert_noted(found, "value-unusable", "terra", subject=f"capabilities/{field}")


# Versions and classes


@pytest.mark.parametrize("version", ["1.0.0", "1.0.1", "1.1.0", "1.2.0", "1.3.0", "1.3.0-rc.1"])
def test_versions_one_to_one_three_are_understood(version: str) -> None:
    assert_not_noted(merged(terra=capabilities(version)), "api-version-unsupported")


@pytest.mark.parametrize("version", ["0.4.2", "1.4.0", "2.0.0", "", None, 1.2])
def test_other_versions_are_noted(version: Any) -> None:
    assert_noted(merged(terra=capabilities(version)), "api-version-unsupported", "terra")


def test_only_classes_that_hold_through_the_federation_are_passed_on() -> None:
    parameters = "https://api.openeo.org/extensions/processing-parameters/0.1.0"
    found = merged(
        terra=capabilities(
            conformsTo=[
                parameters,
                "https://api.openeo.org/extensions/commercial-data/0.1.0",
                "https://api.openeo.org/1.2.0",
            ]
        )
    ).document["conformsTo"]
    assert parameters in found
    assert "https://api.openeo.org/1.3.0" in found
    assert "https://api.openeo.org/1.2.0" not in found
    assert "https://api.openeo.org/extensions/commercial-data/0.1.0" not in found


def test_the_operator_adds_classes() -> None:
    jwt = "https://api.openeo.org/1.3.0/authentication/jwt"
    base = {**BASE, "conformsTo": [jwt]}
    found = merge_capabilities({}, order=ORDER, members=MEMBERS, base=base, routes=ROUTES)
    assert jwt in found.document["conformsTo"]


# Links


def test_terms_of_every_backend_are_linked_and_its_structure_is_not() -> None:
    terms = {"rel": "terms-of-service", "href": "https://terra.example/tos"}
    other = {"rel": "data", "href": "https://terra.example/openeo/1.3/collections"}
    found = merged(terra=capabilities(links=[terms, other]), aurora=capabilities(links=[terms]))
    assert found.document["links"] == [*BASE["links"], terms]


@pytest.mark.parametrize("broken", [None, "tos", 5, [None], [{"href": "https://a.example"}]])
def test_broken_links_are_noted(broken: object) -> None:
    found = merged(terra=capabilities(links=broken))
    assert found.document["links"] == BASE["links"]
    assert_noted(found, "value-unusable", "terra")


@pytest.mark.parametrize(
    ("terra", "aurora", "whole"),
    [
        ({"production": True}, {"production": True}, True),
        ({"production": True}, {"production": False}, False),
        ({"production": False}, {"production": True}, False),
        ({"production": True}, {}, False),
        ({"production": True}, {"production": "yes"}, False),
    ],
)
def test_the_federation_is_for_production_where_all_its_backends_are(
    terra: dict[str, Any], aurora: dict[str, Any], whole: bool
) -> None:
    found = merged(terra=capabilities(**terra), aurora=capabilities(**aurora))
    assert found.document["production"] is whole


# Billing


def billing(*plans: dict[str, Any], currency: Any = "EUR", **more: Any) -> dict[str, Any]:
    return capabilities(billing={"currency": currency, "plans": list(plans), **more})


def plan(name: str, paid: Any = False) -> dict[str, Any]:
    return {"name": name, "description": name, "paid": paid}


def test_a_currency_that_all_share_is_stated() -> None:
    found = merged(terra=billing(), aurora=billing(currency="eur"), boreal=capabilities())
    assert found.document["billing"]["currency"] == "EUR"
    assert_not_noted(found, "currency-differs")


def test_where_currencies_differ_none_is_stated() -> None:
    found = merged(terra=billing(), aurora=billing(currency="USD"))
    assert found.document["billing"]["currency"] is None
    assert_noted(found, "currency-differs", "terra", "aurora")


def test_plans_are_united_and_say_who_has_them() -> None:
    found = merged(
        terra=billing(plan("Free"), plan("gold", True)), aurora=billing(plan("free"))
    ).document["billing"]
    assert found["plans"] == [
        {**plan("Free"), "description": "Free"},
        {**plan("gold", True), "federation:backends": ["terra"]},
    ]


def test_a_plan_that_one_backend_calls_paid_is_paid() -> None:
    found = merged(terra=billing(plan("free")), aurora=billing(plan("free", True)))
    assert found.document["billing"]["plans"][0]["paid"] is True
    assert_noted(found, "plan-differs", "terra", "aurora")


def test_a_default_plan_is_stated_where_all_have_the_same() -> None:
    same = merged(terra=billing(default_plan="free"), aurora=billing(default_plan="Free"))
    assert same.document["billing"]["default_plan"] == "free"
    different = merged(terra=billing(default_plan="free"), aurora=billing(default_plan="gold"))
    assert "default_plan" not in different.document["billing"]
    assert_noted(different, "value-differs", "terra", "aurora")


def test_without_a_backend_that_bills_there_is_no_billing() -> None:
    assert "billing" not in merged(terra=capabilities()).document


def test_what_billing_must_say_is_there_where_no_backend_says_it() -> None:
    found = merged(
        terra=capabilities(billing={"default_plan": 3, "plans": [{"name": "Free", "paid": "no"}]})
    )
    assert found.document["billing"] == {
        "currency": None,
        "plans": [{"name": "Free", "description": "", "paid": True}],
    }
    noplans = merged(terra=capabilities(billing={"currency": "EUR", "plans": 3}))
    assert noplans.document["billing"] == {"currency": "EUR"}
    unknown = merged(terra=capabilities(billing={"currency": 3}))
    assert unknown.document["billing"] == {"currency": None}


def test_a_backend_without_a_currency_makes_no_mistake_and_equal_plans_do_not_differ() -> None:
    found = merged(terra=billing(plan("free"), currency=None), aurora=billing(plan("free")))
    assert found.document["billing"] == {"currency": "EUR", "plans": [plan("free")]}
    assert_not_noted(found, "value-unusable", "currency-differs", "plan-differs")


@pytest.mark.parametrize(
    "broken", [5, "EUR", [], {"currency": 5}, {"currency": "EUR", "plans": [None, {"name": 1}]}]
)
def test_broken_billing_costs_no_other_backend_its_own(broken: object) -> None:
    found = merged(terra=capabilities(billing=broken), aurora=billing(plan("free")))
    assert found.document["billing"]["currency"] == "EUR"
    assert found.document["billing"]["plans"][0]["name"] == "free"
    assert any(note.backends == ("terra",) for note in found.notes)


def test_a_broken_answer_costs_no_other_backend_its_capabilities() -> None:
    found = merged(terra="<html>", aurora=capabilities())
    assert endpoint("/jobs", "GET") in found.document["endpoints"]
    assert_noted(found, "document-unusable", "terra")


def test_inputs_are_left_as_they_are() -> None:
    documents = {"terra": billing(plan("free")), "aurora": billing(plan("FREE", True))}
    before = thawed(documents)
    plain = merged(**documents).document
    assert documents == before
    again = merge_capabilities(
        frozen(documents), order=ORDER, members=frozen(MEMBERS), base=frozen(BASE), routes=ROUTES
    )
    assert thawed(again.document) == plain
