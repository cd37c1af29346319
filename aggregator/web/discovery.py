"""The sections Data Discovery and Process Discovery of the API."""

from __future__ import annotations

from flask import Blueprint, Response, request

from aggregator.web.context import federation, limit, view
from aggregator.web.responses import send

blueprint = Blueprint("discovery", __name__)


@blueprint.get("/collections")
def collections() -> Response:
    """All collections, or pages of them if a limit is asked for."""
    size = limit()
    if size is None:
        return send(federation().catalogue.page("collections", view()))
    return send(federation().catalogue.collections(view(), size, request.args.get("next")))


@blueprint.get("/collections/<path:collection_id>")
def collection(collection_id: str) -> Response:
    """A collection's full metadata; its id may hold slashes."""
    return send(federation().catalogue.collection(collection_id.rstrip("/"), view()))


@blueprint.get("/processes")
def processes() -> Response:
    """All predefined processes: clients ask for a limit and read one page, so there is one."""
    limit()
    return send(federation().catalogue.page("processes", view()))
