"""The section Data Processing of the API: validation and synchronous results."""

from __future__ import annotations

from flask import Blueprint, Response, request

from aggregator.web.context import access, access_if_any, body, federation, view
from aggregator.web.responses import document, explained, routed, stream

blueprint = Blueprint("processing", __name__)


@blueprint.post("/validation")
def validation() -> Response:
    """What is wrong with a process, and who can run it."""
    found, routing = federation().processing.validate(body(), view(), access_if_any())
    return document(found, headers=explained(routing) if routing else {})


@blueprint.post("/federation/estimates")
def estimates() -> Response:
    """What a process would cost as a batch job, at every backend that could run it."""
    return document(federation().estimates.of(body(), access_if_any(), view()))


@blueprint.post("/result")
def result() -> Response:
    """Run a process now; its result is passed on as it comes."""
    accept = request.headers.get("Accept", "*/*")
    found = federation().processing.result(body(), view(), access(), accept)
    response = stream(found.chunks, found.status, found.headers)
    response.headers.update(routed(found.backend, found.routing))
    response.call_on_close(found.close)
    return response
