"""The capabilities document, and what it says is offered."""

from typing import Any, Final

from backends.faults.changes import (
    answers,
    mapped,
    needs_token,
    on,
    put,
    removed,
    without,
)
from backends.faults.rule import Part, Rule, rule

FIELDS: Final = (
    *("api_version", "backend_version", "stac_version", "id", "title", "description"),
    *("endpoints", "links"),
)
BATCH: Final = ("/jobs", "/jobs/{job_id}", "/jobs/{job_id}/results")
SYNC: Final = ("/result",)
SERVICES: Final = ("/services", "/services/{service_id}")


def _unlisted(*paths: str) -> Part:
    return on("/", without("endpoints", lambda one: one.get("path") in paths))


def _listed(path: str) -> tuple[Part, ...]:
    def more(endpoints: list[Any]) -> list[Any]:
        return [*endpoints, {"path": path, "methods": ["GET"]}]

    return (on("/", mapped("endpoints", more)),)


def _broken(path: str) -> tuple[Part, ...]:
    fails = answers(501, "FeatureUnsupported", "This endpoint is not implemented.")
    return (Part(("GET", "POST", "PUT", "PATCH", "DELETE"), path, request=fails),)


RULES: Final[tuple[Rule, ...]] = (
    *(
        rule(
            f"capabilities.no-{field.replace('_', '-')}",
            f"The capabilities have no `{field}`.",
            {"api_version": "api-30 api-33", "stac_version": "api-30 api-34"}.get(field, "api-30"),
            on("/", removed(field)),
        )
        for field in FIELDS
    ),
    rule(
        "capabilities.no-conformance",
        "The capabilities do not say what they conform to.",
        "api-30",
        on("/", removed("conformsTo")),
    ),
    rule(
        "capabilities.needs-token",
        "The capabilities are for logged-in users.",
        "api-30",
        needs_token("/"),
    ),
    Rule(
        "capabilities.endpoint-unlisted",
        "An endpoint that works is not listed.",
        ("api-31",),
        lambda path: (_unlisted(path),),
        "the path of the endpoint as the API writes it",
    ),
    rule(
        "capabilities.methods-unlisted",
        "Endpoints are listed with their first method only.",
        "api-31",
        on("/", mapped("endpoints/*/methods", lambda methods: methods[:1])),
    ),
    Rule(
        "capabilities.endpoint-not-there",
        "An endpoint is listed that is not there.",
        ("api-32",),
        _listed,
        "the path of the endpoint as the API writes it",
    ),
    Rule(
        "capabilities.endpoint-broken",
        "An endpoint that is listed does not work.",
        ("api-32",),
        _broken,
        "the path of the endpoint as the API writes it",
    ),
    Rule(
        "capabilities.api-version",
        "The capabilities claim another version of the API.",
        ("api-33", "api-version"),
        lambda version: (on("/", put("api_version", version)),),
        "the version, for example 0.4.2",
    ),
    Rule(
        "capabilities.stac-version",
        "The capabilities claim another version of STAC.",
        ("api-34",),
        lambda version: (on("/", put("stac_version", version)),),
        "the version, for example 0.8.0",
    ),
    rule(
        "capabilities.no-billing",
        "The capabilities have no `billing`.",
        "api-35 api-14",
        on("/", removed("billing")),
    ),
    rule(
        "billing.no-currency",
        "The billing has no `currency`.",
        "api-35 api-14",
        on("/", removed("billing/currency")),
    ),
    Rule(
        "billing.currency",
        "The billing is in another currency than the credits of the federation.",
        ("api-14",),
        lambda currency: (on("/", put("billing/currency", currency)),),
        "the currency, for example EUR",
    ),
    rule(
        "capabilities.no-synchronous",
        "Synchronous processing is not offered: not listed, not there.",
        "api-702 api-703",
        _unlisted(*SYNC),
        *(part for path in SYNC for part in _broken(path)),
    ),
    rule(
        "capabilities.no-batch",
        "Batch jobs are not offered: not listed, not there.",
        "api-702 api-703",
        _unlisted(*BATCH, "/jobs/{job_id}/estimate", "/jobs/{job_id}/logs"),
        *(part for path in BATCH for part in _broken(path)),
    ),
    rule(
        "capabilities.no-processing",
        "No way of processing is listed.",
        "api-701 api-702 api-703",
        _unlisted(*SYNC, *BATCH, *SERVICES),
    ),
)
