"""The metadata documents of one backend: where they are, and how a whole one is fetched."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import timedelta
from email.utils import parsedate_to_datetime
from typing import Any
from urllib.parse import parse_qsl, quote, urlsplit

import orjson

from aggregator.documents import JsonObject, flag, objects, text, texts, version_key
from aggregator.errors import BackendError, BackendFailure
from aggregator.upstream.client import Answer, Client, Request

CAPABILITIES = "capabilities"
COLLECTIONS = "collections"

# What is asked besides the capabilities, with the list that pages are joined by.
PATHS = {
    COLLECTIONS: "/collections",
    "processes": "/processes",
    "file_formats": "/file_formats",
    "udf_runtimes": "/udf_runtimes",
    "service_types": "/service_types",
    "workspace_providers": "/workspace_providers",
    "oidc": "/credentials/oidc",
    "conformance": "/conformance",
}
PAGED = {COLLECTIONS: "collections", "processes": "processes"}
PAGES = 1000
# All pages of a document may take so many times as long as one.
PAGES_DEADLINES = 10
NOT_OFFERED = {404, 405, 501}
# After its last change, before a document is asked for by the time of that.
SETTLED = timedelta(minutes=1)


@dataclass(frozen=True)
class Stored:
    """A document as it was fetched at a time, with what to ask whether it has changed.

    `modified` is what the backend says of that in its header Last-Modified.
    """

    body: bytes
    etag: str | None
    fetched_at: float
    digest: str
    modified: str | None = None

    @property
    def document(self) -> Any:
        """The JSON, parsed anew for each reader: bytes take a tenth of its memory."""
        return orjson.loads(self.body)

    @property
    def condition(self) -> dict[str, str]:
        """The header of a request for the document if it has changed; none if that is not known."""
        if self.etag:
            return {"If-None-Match": self.etag}
        return {"If-Modified-Since": self.modified} if self.modified else {}

    def is_old(self, now: float, interval: float) -> bool:
        """Whether it was fetched longer ago than that, or in a future that a wrong clock saw."""
        return not 0 <= now - self.fetched_at <= interval


def stored(body: bytes, etag: str | None, now: float, modified: str | None = None) -> Stored:
    """A document to keep."""
    digest = hashlib.blake2b(body, digest_size=16).hexdigest()
    return Stored(body, etag, now, digest, modified)


def answered(answer: Answer, now: float) -> Stored:
    """A document to keep, which is all of an answer."""
    headers = answer.headers
    return stored(answer.body, headers.get("ETag"), now, _modified(headers))


def _modified(headers: Mapping[str, str]) -> str | None:
    """The header Last-Modified, if by the backend's own clock it was over long enough.

    It counts whole seconds: a document that changes twice within one would be taken for unchanged
    ever after. Source: RFC 9110, section 8.8.2.2.
    """
    said = headers.get("Last-Modified")
    try:
        change, sent = parsedate_to_datetime(said or ""), parsedate_to_datetime(headers["Date"])
        return said if sent - change >= SETTLED else None
    except (KeyError, TypeError, ValueError):
        return None


class Metadata:
    """Fetches the documents of one backend."""

    def __init__(self, client: Client, limit: int) -> None:
        self._client, self._limit = client, limit
        self._given = client.url

    @property
    def url(self) -> str:
        """The API's address, as far as it is known."""
        return self._client.url

    def discover(self, deadline: float) -> None:
        """Find the versioned API through the backend's well-known document.

        An address that ends with a version is taken as it is; where there is no document the
        address itself is the API, or what was found before.
        """
        if _is_versioned(self._given):
            return
        found = self._client.url
        self._client.at(self._given)
        try:
            _, document = self._client.document(
                Request("GET", "/.well-known/openeo"), deadline=deadline, limit=self._limit
            )
            found = _best_version(document, secure=self._given.startswith("https:")) or found
        except (BackendError, BackendFailure):
            return
        finally:
            self._client.at(found)

    def capabilities(self, known: Stored | None, now: float, deadline: float) -> Stored:
        """The backend's answer to `GET /`, which is also the sign that it lives."""
        fetched = self._fetch("/", None, known, now, deadline)
        if not text(fetched.document, "api_version"):
            raise BackendFailure(self._client.backend, "content", "these are no capabilities")
        return fetched

    def fetch(self, kind: str, known: Stored | None, now: float, deadline: float) -> Stored | None:
        """A whole document, all pages of it; None if the backend does not offer it."""
        try:
            return self._fetch(PATHS[kind], PAGED.get(kind), known, now, deadline)
        except BackendError as error:
            if error.status in NOT_OFFERED:
                return None
            raise

    def detail(
        self, collection: str, known: Stored | None, now: float, deadline: float
    ) -> Stored | None:
        """One collection's full metadata; None if the backend no longer has it."""
        try:
            return self._fetch(detail_request(collection).path, None, known, now, deadline)
        except BackendError as error:
            if error.status in NOT_OFFERED:
                return None
            raise

    def _fetch(
        self, path: str, paged: str | None, known: Stored | None, now: float, deadline: float
    ) -> Stored:
        condition = known.condition if known else {}
        request = Request("GET", path, headers=condition, passed=frozenset({304}))
        answer = self._client.ask(request, deadline=deadline, limit=self._limit)
        if known is not None and answer.status == 304:
            return replace(known, fetched_at=now)
        document = self._client.read(answer)
        if paged is None or next_query(document) is None:
            return answered(answer, now)
        # Of several pages each has its own ETag: such a document is always fetched.
        joined = dict(document) | {
            paged: list(self._entries(path, document, paged, answer, deadline))
        }
        return stored(orjson.dumps(joined), None, now)

    def _entries(
        self, path: str, page: JsonObject, key: str, first: Answer, deadline: float
    ) -> Iterator[JsonObject]:
        """The entries of all pages, which together may be as large as one answer."""
        until = time.monotonic() + PAGES_DEADLINES * deadline
        asked: list[Mapping[str, str]] = []
        left = self._limit - len(first.body)
        while True:
            yield from objects(page, key)
            query = next_query(page)
            if query is None:
                return
            if query in asked or len(asked) == PAGES:
                raise BackendFailure(self._client.backend, "content", f"endless pages of {key}")
            asked.append(query)
            request = Request("GET", path, query)
            soon = min(deadline, until - time.monotonic())
            answer, page = self._client.document(request, deadline=soon, limit=max(left, 0))
            left -= len(answer.body)


def detail_request(collection: str) -> Request:
    """The request for a collection's full metadata."""
    return Request("GET", "/collections/" + quote(collection, safe=""))


def offers(capabilities: JsonObject, path: str) -> bool:
    """Whether a backend says that it serves `GET path`; one that says nothing is asked."""
    endpoints = objects(capabilities, "endpoints")
    if not endpoints:
        return True
    return any(text(e, "path").rstrip("/") == path and "GET" in _methods(e) for e in endpoints)


def _methods(endpoint: JsonObject) -> list[str]:
    # In small letters, too, as merging and routing read them.
    return [method.upper() for method in texts(endpoint, "methods")]


def next_query(page: JsonObject) -> dict[str, str] | None:
    """The query of the next page; its address stays the one at which we reach the backend."""
    for link in objects(page, "links"):
        if link.get("rel") == "next" and text(link, "href"):
            query = text(link, "href").partition("#")[0].partition("?")[2]
            return dict(parse_qsl(query, keep_blank_values=True))
    return None


def _is_versioned(url: str) -> bool:
    last = urlsplit(url).path.rstrip("/").rpartition("/")[2].lstrip("v")
    return last != "" and all(part.isdigit() for part in last.split("."))


def _best_version(document: JsonObject, *, secure: bool) -> str | None:
    """The address to use; from a secure one only a secure one, since credentials go there."""
    schemes = ("https://",) if secure else ("http://", "https://")
    usable = [
        version
        for version in objects(document, "versions")
        if version_key(text(version, "api_version"))[0][:1] == (1,)
        and text(version, "url").startswith(schemes)
    ]
    if not usable:
        return None
    best = max(
        usable, key=lambda v: (flag(v, "production", True), version_key(text(v, "api_version")))
    )
    return text(best, "url")
