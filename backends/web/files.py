"""The files in a user's workspace."""

import mimetypes
from typing import Final

from flask import Blueprint, Response, request, send_file

from backends.stored.files import existing_file, not_there
from backends.web.authentication import current_user
from backends.web.backend import backend
from backends.web.documents import (
    empty_response,
    json_response,
    limit_parameter,
    link,
    next_link,
)
from backends.web.downloads import unless_deleted
from backends.web.uploads import Upload

files = Blueprint("files", __name__)

BINARY: Final = "application/octet-stream"


@files.get("/files")
def list_files() -> Response:
    """All files of the user, page by page."""
    limit, after = limit_parameter(), request.args.get("after", "")
    found = [file for file in backend().files.files(current_user()) if file.path > after]
    links = [link("self", "/files")]
    if limit is not None and len(found) > limit:
        found = found[:limit]
        links.append(next_link("/files", limit=limit, after=found[-1].path))
    return json_response({"files": [file.as_json() for file in found], "links": links})


@files.get("/files/<path:path>")
def download(path: str) -> Response:
    """A file of the user, or the part of it that is asked for."""
    found = existing_file(backend().files.folder(current_user()), path)
    media_type = mimetypes.guess_type(found.name)[0] or BINARY
    with unless_deleted(not_there(path)):
        response = send_file(
            found, media_type, as_attachment=True, download_name=found.name, conditional=True
        )
    # Somebody's upload is never to be taken for a page of ours.
    response.headers["X-Content-Type-Options"] = "nosniff"
    response.headers["Content-Security-Policy"] = "sandbox"
    return response


@files.put("/files/<path:path>")
def upload(path: str) -> Response:
    """Store a file of the user, in the place of one of that path."""
    content = Upload()
    stored = backend().files.put(current_user(), path, content, announced=content.length)
    return json_response(stored.as_json())


@files.delete("/files/<path:path>")
def delete(path: str) -> Response:
    """Delete a file of the user."""
    backend().files.delete(current_user(), path)
    return empty_response(204)
