"""Answers: pages that are ready to be sent, JSON documents, and who has answered."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import chain
from typing import Any

import orjson
from flask import Response, request

from aggregator.identity.secrets import without_credentials
from aggregator.usecases.pages import Page
from aggregator.usecases.resources import Explains
from aggregator.web.errors import reference

JSON = "application/json"
ROUTING_LENGTH = 1000


def send(page: Page, media_type: str = JSON) -> Response:
    """A page, compressed if the client takes that, or 304 if it has it already."""
    compressed = page.compressed if _takes_gzip() else None
    etag = page.etag if compressed is None else page.compressed_etag
    headers = {"ETag": etag, "Vary": "Accept-Encoding", "Cache-Control": "no-cache"}
    if _has(page):
        return Response(status=304, headers=headers)
    if compressed is not None:
        headers["Content-Encoding"] = "gzip"
    return Response(compressed or page.body, headers=headers, content_type=media_type)


def document(
    content: Mapping[str, Any] | Sequence[Any],
    status: int = 200,
    headers: Mapping[str, str] | None = None,
) -> Response:
    """A JSON document for one user."""
    response = Response(orjson.dumps(content), status, content_type=JSON)
    response.headers["Cache-Control"] = "no-store"
    response.headers.update(headers or {})
    return response


def empty(status: int, headers: Mapping[str, str] | None = None) -> Response:
    """An answer without a body, and so without the media type of one."""
    response = Response(status=status, headers=dict(headers or {}))
    response.headers.pop("Content-Type", None)
    return response


def stream(
    chunks: Iterator[bytes], status: int, headers: Mapping[str, str], close: Callable[[], None]
) -> Response:
    """An answer that is passed on piece by piece; `close` is called in the end, whatever happens.

    Raises what the first piece raises: as long as nothing has been sent, an error can be.
    """
    try:
        first = b"" if request.method == "HEAD" else next(chunks, b"")
    except BaseException:
        close()
        raise
    pieces = chain([first], chunks) if first else chunks
    return Response(_Closed(pieces, close), status, dict(headers), direct_passthrough=True)


class _Closed:
    """Pieces with their end: what a server closes is all that it is handed."""

    def __init__(self, pieces: Iterator[bytes], close: Callable[[], None]) -> None:
        self._pieces, self.close = pieces, close

    def __iter__(self) -> Iterator[bytes]:
        return self._pieces


def routed(backend: str, routing: Explains) -> dict[str, str]:
    """Headers that say which backend runs a process, and why."""
    return {"OpenEO-Federation-Backends": backend, **explained(routing)}


def explained(routing: Explains) -> dict[str, str]:
    """The header that says where a process can run, and why not elsewhere.

    Lines are parted by a bar: in what they say there are semicolons.
    """
    lines = (" ".join(line.split()) for line in routing.explain().splitlines())
    told = without_credentials(" | ".join(line for line in lines if line))
    plain = re.sub(r"[^ -~]", "?", told.replace("°", " degrees"))
    return {"OpenEO-Federation-Routing": plain[:ROUTING_LENGTH]}


def tag(response: Response) -> Response:
    """The answer with the id of its request."""
    response.headers.add("X-Request-Id", reference())
    return response


def _takes_gzip() -> bool:
    accepted = request.headers.get("Accept-Encoding", "")
    return "gzip" in accepted and request.accept_encodings.quality("gzip") > 0


def _has(page: Page) -> bool:
    sent = request.headers.get("If-None-Match")
    if sent is None or request.method not in ("GET", "HEAD"):
        return False
    tags = {part.strip().removeprefix("W/") for part in sent.split(",")}
    return not tags.isdisjoint({page.etag, page.compressed_etag, "*"})
