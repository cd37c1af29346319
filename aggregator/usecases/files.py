"""Users' files: one tree over all backends, in which the first part of a path is the backend.

A file stays where it was uploaded to, and its bytes only pass through.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any
from urllib.parse import quote

from aggregator.documents import JsonObject, text
from aggregator.errors import (
    BackendFailure,
    FeatureUnsupported,
    FilePathInvalid,
    RangeNotSatisfiable,
)
from aggregator.ids import IdentifierError, join_path, split_path
from aggregator.routing.suggestions import enumerated, shortened
from aggregator.settings import Settings
from aggregator.upstream.client import Request, Source
from aggregator.upstream.fleet import Fleet
from aggregator.usecases.accounts import Access, absent, refusal
from aggregator.usecases.catalogue import Catalogue
from aggregator.usecases.listings import Item, begin, read_page
from aggregator.usecases.resources import ask_all
from aggregator.usecases.views import View

# A path is quoted on its way, and backends' servers take no request lines of any length.
PATH_BYTES = 1000
ASKED_FOR = ("Range", "If-Range", "If-None-Match", "If-Modified-Since")
SENT_WITH = ("Content-Type", "Content-Encoding")
PASSED_HEADERS = (
    "Content-Type",
    "Content-Length",
    "Content-Encoding",
    "Content-Disposition",
    "Content-Range",
    "Accept-Ranges",
    "ETag",
    "Last-Modified",
)
DOWNLOADS = {200, 206, 304}
# Somebody's upload is never to be taken for a page of the federation's.
SAFE = {"X-Content-Type-Options": "nosniff", "Content-Security-Policy": "sandbox"}
_RANGE = re.compile(r"bytes=(\d{0,18})-(\d{0,18})")
_LENGTH = re.compile(r"bytes \*/(\d{1,18})")
_UNWANTED = frozenset("\\\ufffd")


@dataclass(frozen=True)
class Download:
    """A file, or a part of it, on its way; `close` must be called, read or not."""

    status: int
    headers: Mapping[str, str]
    chunks: Iterator[bytes]
    close: Callable[[], None]


class Files:
    """What users can do with their files at all backends."""

    def __init__(self, settings: Settings, fleet: Fleet, catalogue: Catalogue) -> None:
        self._times, self._fleet, self._catalogue = settings.upstream, fleet, catalogue

    def list(
        self, access: Access, view: View, limit: int | None, cursor: str | None
    ) -> dict[str, Any]:
        """One page of the user's files at all backends that keep any; CursorError as elsewhere."""
        keepers = self._keepers(view, "GET /files")
        asked = begin(cursor, [backend for backend in keepers if backend in access.credentials])
        listing = read_page(
            asked,
            path="/files",
            key="files",
            limit=limit,
            ask=partial(ask_all, self._fleet, access),
            deadline=self._times.listing_deadline,
            identity=("path",),
        )
        refused = refusal(listing.failures)
        if refused is not None and len(listing.failures) == len(asked):
            raise refused
        links = [{"rel": "self", "href": view.link("files")}]
        if listing.cursor is not None:
            query = ({"limit": str(limit)} if limit else {}) | {"next": listing.cursor}
            links.append({"rel": "next", "href": view.link("files", query=query)})
        missing = absent(access, listing.failures, keepers)
        page = {"files": [_described(item) for item in listing.items], "links": links}
        return page | ({"federation:missing": missing} if missing else {})

    def download(
        self, path: str, headers: Mapping[str, str], access: Access, view: View
    ) -> Download:
        """A file as its backend sends it, or the part that `headers` ask for.

        A header Range that does not name one part in bytes is as good as none (RFC 9110, 14.2).
        Raises FilePathInvalid and RangeNotSatisfiable beside what the backend says.
        """
        backend, target = self._located(path, view, "GET /files/{path}")
        wanted = {name: headers[name] for name in ASKED_FOR if name in headers}
        if not _is_range(wanted.get("Range", "")):
            wanted.pop("Range", None)
        wanted |= {"Accept": "*/*", "Accept-Encoding": "identity"}
        request = Request(
            "GET", target, headers=wanted, passed=frozenset({304, 416}), elsewhere=True
        )
        stream = self._fleet.open(
            backend, request, access.at(backend), deadline=self._times.transfer_deadline
        )
        passed = {name: stream.headers[name] for name in PASSED_HEADERS if name in stream.headers}
        if stream.status == 416:
            stream.close()
            length = _LENGTH.fullmatch(passed.get("Content-Range", ""))
            if length is None:
                raise RangeNotSatisfiable()
            raise RangeNotSatisfiable(length[1], headers={"Content-Range": length[0]})
        if stream.status not in DOWNLOADS:
            stream.close()
            said = f"it answers with status {stream.status} instead of a file"
            raise BackendFailure(backend, "HTTP", said)
        passed.setdefault("Content-Disposition", "attachment")
        return Download(stream.status, {**passed, **SAFE}, stream.chunks(), stream.close)

    def upload(
        self, path: str, content: Source, headers: Mapping[str, str], access: Access, view: View
    ) -> dict[str, Any]:
        """Store a file at the backend that its path begins with; what that backend says of it."""
        backend, target = self._located(path, view, "PUT /files/{path}")
        sent = {name: headers[name] for name in SENT_WITH if name in headers}
        sent.setdefault("Content-Type", "application/octet-stream")
        request = Request("PUT", target, body=content, headers=sent)
        answer = self._fleet.ask(
            backend, request, access.at(backend), deadline=self._times.transfer_deadline
        )
        said = self._fleet.clients[backend].read(answer) if answer.body else {}
        return {**said, "path": path}

    def delete(self, path: str, access: Access, view: View) -> None:
        """Delete a file at its backend."""
        backend, target = self._located(path, view, "DELETE /files/{path}")
        request = Request("DELETE", target)
        self._fleet.ask(backend, request, access.at(backend), deadline=self._times.request_deadline)

    def _keepers(self, view: View, operation: str) -> Sequence[str]:
        """The backends in view that keep files; FeatureUnsupported if none does."""
        offering = self._catalogue.offering(view, operation)
        found = [backend for backend in self._catalogue.known(view) if backend in offering]
        if not found:
            raise FeatureUnsupported()
        return found

    def _located(self, path: str, view: View, operation: str) -> tuple[str, str]:
        """The backend of a path, and what to ask it; FilePathInvalid for what is no such path."""
        keepers = self._keepers(view, operation)
        try:
            backend, own = split_path(path, keepers)
        except IdentifierError as error:
            raise FilePathInvalid(
                f"'{shortened(path, 100)}' must begin with the backend that keeps the file, one of "
                f"{enumerated(keepers, ' or ')}, and go on with the path there; such as "
                f"'{keepers[0]}/data.json'."
            ) from error
        problem = problem_of(own)
        if problem:
            raise FilePathInvalid(f"in '{shortened(_shown(own), 200)}' {problem}.")
        self._fleet.guard(backend)
        return backend, "/files/" + "/".join(quote(name, safe="") for name in own.split("/"))


def problem_of(path: str) -> str:
    """Why nothing can be asked of a backend under this path, or nothing.

    What passes names one thing only: no part of it leads elsewhere, however it is decoded.
    """
    if len(path.encode("utf-8", "replace")) > PATH_BYTES:
        return f"there are more than {PATH_BYTES} bytes"
    for name in path.split("/"):
        if name in ("", ".", ".."):
            return f"'{name}' is no name of a file or folder"
        if any(c in _UNWANTED or unicodedata.category(c) in ("Cc", "Cs") for c in name):
            return "there are characters that names of files cannot have"
    return ""


def _described(item: Item) -> JsonObject:
    """A file of a backend's listing under its path in the federation."""
    path = join_path(item.backend, text(item.document, "path").lstrip("/"))
    return {**item.document, "path": path, "federation:backends": [item.backend]}


def _shown(path: str) -> str:
    return path.encode("utf-8", "replace").decode()


def _is_range(wanted: str) -> bool:
    """Whether a header Range names one part in bytes, which may lie beyond the end."""
    found = _RANGE.fullmatch(wanted)
    if found is None or found[0] == "bytes=-":
        return False
    first, last = found.groups()
    return not (first and last) or int(first) <= int(last)
