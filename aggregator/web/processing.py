"""The section Data Processing of the API: validation and synchronous results."""

from __future__ import annotations

from flask import Blueprint, Response, request

from aggregator.documents import is_nested_within
from aggregator.web.context import (
    NESTING,
    access,
    access_if_any,
    body,
    federation,
    parameters,
    parsed,
    view,
)
from aggregator.web.errors import RequestInvalid
from aggregator.web.responses import document, explained, routed, stream

blueprint = Blueprint("processing", __name__)

ESTIMATED = ("job", "process_id", "process")


@blueprint.post("/validation")
def validation() -> Response:
    """What is wrong with a process, and who can run it."""
    found, routing = federation().waiting.validate(body(), view(), access_if_any())
    return document(found, headers=explained(routing) if routing else {})


@blueprint.post("/federation/estimates")
def estimates() -> Response:
    """What a process would cost as a batch job, at every backend that could run it."""
    return document(federation().estimates.of(body(), access_if_any(), view()))


@blueprint.get("/federation/estimates")
def estimates_of_known() -> Response:
    """The same for a job, a stored process, or a process that fits into the address."""
    (name, value), ours = _asked_for(), federation().estimates
    if name == "job":
        return document(ours.of_job(value, access(), view()))
    if name == "process_id":
        return document(ours.of_stored(value, access(), view()))
    process = parsed(name, value)
    if not is_nested_within(process, NESTING):
        raise RequestInvalid(
            f"The query parameter 'process' is nested more than {NESTING} levels deep."
        )
    return document(ours.of({"process": process}, access_if_any(), view()))


def _asked_for() -> tuple[str, str]:
    given = [(name, value) for name, value in parameters().items() if value]
    if len(given) != 1 or given[0][0] not in ESTIMATED:
        raise RequestInvalid(
            "Name what is to be estimated by one of the query parameters 'job' (the id of a batch "
            "job), 'process_id' (of a stored process) and 'process' (a process as JSON). Processes "
            "of any length go by POST."
        )
    return given[0]


@blueprint.post("/result")
def result() -> Response:
    """Run a process now; its result is passed on as it comes."""
    accept = request.headers.get("Accept", "*/*")
    found = federation().waiting.result(body(), view(), access(), accept)
    headers = dict(found.headers) | routed(found.backend, found.routing)
    return stream(found.chunks, found.status, headers, found.close)
