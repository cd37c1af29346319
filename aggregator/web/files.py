"""The section File Storage of the API."""

from __future__ import annotations

from flask import Blueprint, Response, request

from aggregator.web.context import access, federation, view
from aggregator.web.resources import paged
from aggregator.web.responses import document, empty, stream
from aggregator.web.uploads import Upload

blueprint = Blueprint("files", __name__)


@blueprint.get("/files")
def list_files() -> Response:
    """The user's files at all backends."""
    return paged(federation().files.list)


@blueprint.get("/files/<path:path>")
def download(path: str) -> Response:
    """A file, passed on as it comes."""
    found = federation().files.download(path, dict(request.headers), access(), view())
    return stream(found.chunks, found.status, found.headers, found.close)


@blueprint.put("/files/<path:path>")
def upload(path: str) -> Response:
    """Store a file, passed on as it comes."""
    content = Upload()
    headers = dict(request.headers)
    return document(federation().files.upload(path, content, headers, access(), view()))


@blueprint.delete("/files/<path:path>")
def delete(path: str) -> Response:
    """Delete a file."""
    federation().files.delete(path, access(), view())
    return empty(204)
