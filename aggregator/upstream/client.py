"""One backend, asked over HTTP.

Whatever happens on the way becomes one of the federation's errors (`failures`)::

    BackendUnavailable   no connection: name resolution, refused, unreachable, TLS
    BackendTimeout       no (whole) answer within the deadline
    BackendFailure       an answer that is no openEO: a reset, half a body, garbage, a wrong
                         content type, a redirect that leads astray, too large, an error
                         without openEO's `code` and `message`
    BackendError         an error in openEO's form: status, code, message and headers pass on

The credentials are an argument of each call and nothing of an answer is kept: no cookies, no
netrc, no proxies from the environment.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Protocol
from urllib.parse import urldefrag, urlencode, urljoin, urlsplit

import orjson
import requests
from requests.adapters import BaseAdapter
from requests.structures import CaseInsensitiveDict
from requests.utils import requote_uri

from aggregator.documents import JsonObject, is_nested_within, is_object, links, text
from aggregator.errors import BackendError, BackendFailure, BackendTimeout, BackendUnavailable
from aggregator.identity.secrets import REMOVED
from aggregator.upstream.deadlines import Deadline
from aggregator.upstream.elsewhere import Elsewhere
from aggregator.upstream.failures import Failure, Translated, was_closed
from aggregator.upstream.plain import Fields
from aggregator.upstream.transport import ORIGINS, DeadlineAdapter

CHUNK = 64 * 1024
REDIRECTS = 4
ERROR_LIMIT = 1024 * 1024
# Of the code of an error, and of its reference.
NAME_LENGTH = 200
# Levels of JSON in JSON that an answer may have: what is written can be a little deeper.
NESTING = 200
# Objects and arrays that an answer may have: empty ones take thirty times their bytes in memory.
CONTAINERS = 2_000_000
USER_AGENT = "openeo-federation/0.1"
# A reverse proxy's words for a backend that is not there.
GATEWAY_STATUSES = {502, 503, 504}
PASSED_ERROR_HEADERS = ("Retry-After", "WWW-Authenticate")

_CONTROL = re.compile(r"[\x00-\x08\x0a-\x1f\x7f]+ *")

Transport = Callable[[], BaseAdapter]


class Source(Protocol):
    """A body that is read as it is sent; `length` is None if it is not known beforehand."""

    @property
    def length(self) -> int | None:
        """Its bytes."""

    def read(self, size: int = -1, /) -> bytes:
        """The next piece, empty at the end; raises an OpenEOError if it breaks off."""


@dataclass(frozen=True)
class Request:
    """What a backend is asked, without the credentials.

    `path` is below the API's root and quoted; a `body` that is a source is sent once, piece by
    piece, so that it takes no memory; error statuses in `passed` are answers, not errors;
    the answer to a `patient` request may begin as late as its deadline; with `elsewhere` redirects
    of a GET to other hosts are followed although there are credentials, which stay behind.
    """

    method: str
    path: str
    query: Mapping[str, str] = field(default_factory=dict)
    body: bytes | Source | None = None
    headers: Mapping[str, str] = field(default_factory=dict)
    passed: frozenset[int] = frozenset()
    patient: bool = False
    elsewhere: bool = False

    @property
    def target(self) -> str:
        """Path and query."""
        return f"{self.path}?{urlencode(self.query)}" if self.query else self.path


@dataclass(frozen=True)
class Answer:
    """A whole answer; header names are read in any case."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    url: str


@dataclass(frozen=True)
class Limits:
    """Time-outs in seconds of one connection attempt and of one pause within an answer."""

    connect: float = 3.0
    read: float = 20.0


class Stream:
    """An answer whose body is read piece by piece; it ends with its deadline, or when closed."""

    def __init__(
        self, client: Client, response: requests.Response, deadline: Deadline, url: str
    ) -> None:
        self.status, self.url = response.status_code, url
        self.headers = _readable(response.headers)
        self._client, self._response, self._deadline = client, response, deadline

    def chunks(self, decode: bool = False) -> Iterator[bytes]:
        """The body in pieces of at most 64 KiB, as sent or (`decode`) decompressed."""
        try:
            while True:
                piece = self._read(decode)
                if not piece:
                    return
                yield piece
                if self._response.raw.closed and not decode:
                    return  # that was the last; of what is decompressed more may be kept
        finally:
            self.close()

    def _read(self, decode: bool) -> bytes:
        with self._deadline, Translated(self._client.backend, self._deadline):
            raw = self._response.raw
            known = raw.closed  # the end of the body has come, whoever was slow to ask for it
            piece: bytes = raw.read1(CHUNK, decode_content=decode)
            # A deadline that strikes looks like the end of a body without a length.
            if self._deadline.struck and not known:
                raise BackendTimeout(self._client.backend, self._deadline.seconds)
            return piece

    def close(self) -> None:
        """Free the connection; what was not read of the body is lost."""
        self._deadline.finish()
        self._response.close()


class Client:
    """Asks one backend; shared by all threads and users, since it knows none of them."""

    def __init__(
        self,
        backend: str,
        url: str,
        *,
        transport: Transport | None = None,
        limits: Limits | None = None,
        proxy: str | None = None,
        elsewhere: Elsewhere | None = None,
    ) -> None:
        self.backend = backend
        self.url = url.rstrip("/")
        self._limits = limits or Limits()
        # An adapter, and no session of requests: that would follow redirects and keep cookies.
        self._transport = (transport or _pooled)()
        self._proxies = {"http": proxy, "https": proxy} if proxy else None
        # A proxy resolves names itself, and decides where it goes.
        self._elsewhere = None if proxy else elsewhere or Elsewhere(backend)

    def at(self, url: str) -> None:
        """From now on ask at this URL, found by version discovery."""
        self.url = url.rstrip("/")

    def ask(
        self, request: Request, credentials: str | None = None, *, deadline: float, limit: int
    ) -> Answer:
        """The whole answer, at most `limit` bytes of it, within `deadline` seconds."""
        stream = self.open(request, credentials, deadline=deadline)
        answer = Answer(stream.status, stream.headers, self._whole(stream, limit), stream.url)
        if request.method != "GET" and _is_web_page(answer):  # a login's, or an error's
            raise BackendFailure(self.backend, "content", "it answers with a web page")
        return answer

    def document(
        self, request: Request, credentials: str | None = None, *, deadline: float, limit: int
    ) -> tuple[Answer, JsonObject]:
        """An answer that is a JSON object."""
        answer = self.ask(request, credentials, deadline=deadline, limit=limit)
        return answer, self.read(answer)

    def read(self, answer: Answer) -> JsonObject:
        """The JSON object in an answer; BackendFailure if there is none."""
        kind = _media_type(answer.headers)
        if kind != "application/json" and not kind.endswith("+json"):
            said = f"expected JSON, got {kind or 'no content type'}"
            raise BackendFailure(self.backend, "content", said)
        if answer.body.count(b"{") + answer.body.count(b"[") > CONTAINERS:
            said = f"the JSON has more than {CONTAINERS} objects and arrays"
            raise BackendFailure(self.backend, "content", said)
        try:
            document = orjson.loads(answer.body)
        except orjson.JSONDecodeError as error:
            raise BackendFailure(self.backend, "content", "the JSON cannot be parsed") from error
        if not is_object(document):
            raise BackendFailure(self.backend, "content", "expected a JSON object")
        if not is_nested_within(document, NESTING):
            said = f"the JSON is nested more than {NESTING} levels deep"
            raise BackendFailure(self.backend, "content", said)
        return document

    def open(self, request: Request, credentials: str | None = None, *, deadline: float) -> Stream:
        """The answer with its body yet to be read; whoever gets it closes it."""
        until = Deadline(deadline)
        try:
            response, url = self._followed(request, credentials, until)
            stream = Stream(self, response, until, url)
        except BaseException:
            until.finish()
            raise
        if stream.status < 300 or stream.status in request.passed:
            return stream
        raise self._error(stream, credentials)

    def _followed(
        self, request: Request, credentials: str | None, until: Deadline
    ) -> tuple[requests.Response, str]:
        """The answer at the end of all redirects, and its address."""
        url, away = self.url + request.target, False
        for _ in range(REDIRECTS + 1):
            if away and self._elsewhere is not None:
                response = self._elsewhere.open(
                    url, self.url, self._headers(request), until, self._timeout(until, request)[1]
                )
            else:
                response = self._sent(request, url, None if away else credentials, until)
            location = response.headers.get("Location", "")
            if response.status_code not in (301, 302, 303, 307, 308) or not location:
                return response, url
            response.close()
            url = self._redirected(request, url, location, credentials)
            away = away or self._is_away(url, credentials)
        raise BackendFailure(self.backend, "HTTP", f"more than {REDIRECTS} redirects")

    def _redirected(
        self, request: Request, url: str, location: str, credentials: str | None
    ) -> str:
        if request.method not in ("GET", "HEAD"):
            raise BackendFailure(self.backend, "HTTP", f"it redirects a {request.method} request")
        try:
            location = requote_uri(urldefrag(urljoin(url, location)).url)
            old, new = urlsplit(url), urlsplit(location)
        except (ValueError, requests.RequestException) as error:
            raise BackendFailure(self.backend, "HTTP", "it redirects to no address") from error
        if new.scheme not in ("http", "https") or (old.scheme, new.scheme) == ("https", "http"):
            raise BackendFailure(self.backend, "HTTP", "it redirects to an unsafe address")
        leads_away = not _same_origin(url, location)
        if credentials is not None and leads_away and not request.elsewhere:
            raise BackendFailure(
                self.backend, "HTTP", "it redirects to another host, which gets no credentials"
            )
        return location

    def _is_away(self, url: str, credentials: str | None) -> bool:
        """Whether an address is another host's; with credentials, another origin's."""
        if credentials is not None:
            return not _same_origin(url, self.url)
        return urlsplit(url).hostname != urlsplit(self.url).hostname

    def _sent(
        self, request: Request, url: str, credentials: str | None, until: Deadline
    ) -> requests.Response:
        headers = self._headers(request)
        if credentials is not None:
            headers["Authorization"] = credentials
        with until, Translated(self.backend, until):
            prepared = _prepared(request, url, headers)
            for attempt in (1, 2):
                if until.struck:
                    raise BackendTimeout(self.backend, until.seconds)
                try:
                    return self._transport.send(
                        prepared,
                        stream=True,
                        timeout=self._timeout(until, request),
                        verify=True,
                        proxies=self._proxies,
                    )
                except OSError as error:
                    if attempt == 2 or not _may_repeat(request, error):
                        raise
        raise AssertionError("unreachable")

    def _headers(self, request: Request) -> dict[str, str]:
        headers = {"User-Agent": USER_AGENT, "Accept": "application/json", **request.headers}
        headers.setdefault("Accept-Encoding", "gzip")
        return headers

    def _timeout(self, until: Deadline, request: Request) -> tuple[float, float]:
        left = max(until.remaining, 0.001)
        read = left if request.patient else min(self._limits.read, left)
        return min(self._limits.connect, left), read

    def _whole(self, stream: Stream, limit: int) -> bytes:
        pieces, size = [], 0
        for piece in stream.chunks(decode=True):
            size += len(piece)
            if size > limit:
                stream.close()
                raise BackendFailure(self.backend, "content", f"more than {limit} bytes")
            pieces.append(piece)
        return b"".join(pieces)

    def _error(self, stream: Stream, credentials: str | None) -> Failure:
        status = stream.status
        if status < 400:  # a redirect to nowhere, or news of what nobody has: nothing was done
            stream.close()
            reason = f"it answers with status {status}"
            return BackendFailure(self.backend, "HTTP", reason, status_there=status)
        headers = {n: stream.headers[n] for n in PASSED_ERROR_HEADERS if n in stream.headers}
        try:
            document = orjson.loads(self._whole(stream, ERROR_LIMIT))
        except BackendTimeout as error:
            return error
        except (orjson.JSONDecodeError, BackendFailure, BackendUnavailable):
            document = None
        if not text(document, "code") or not text(document, "message"):
            return self._foreign_error(status, headers)
        return BackendError(
            self.backend,
            status=status,
            code=_name(text(document, "code"), credentials),
            message=_without(credentials, text(document, "message")),
            upstream_id=_name(text(document, "id"), credentials) or None,
            work=stream.headers.get("OpenEO-Identifier", ""),
            headers=headers,
            links=links(document),
        )

    def _foreign_error(self, status: int, headers: Mapping[str, str]) -> Failure:
        reason = f"status {status} without an openEO error"
        layer = "gateway" if status in GATEWAY_STATUSES else "HTTP"
        return BackendFailure(self.backend, layer, reason, status_there=status, headers=headers)


def _same_origin(one: str, other: str) -> bool:
    first, second = urlsplit(one), urlsplit(other)
    return (first.scheme, first.netloc) == (second.scheme, second.netloc)


def _prepared(request: Request, url: str, headers: dict[str, str]) -> requests.PreparedRequest:
    """A request that is sent as it is: its URL is quoted and its body is bytes, or a source."""
    prepared, body = requests.PreparedRequest(), request.body
    prepared.method, prepared.url = request.method, url
    prepared.body = body  # type: ignore[assignment]
    if body is not None or request.method in ("POST", "PUT", "PATCH"):
        length = len(body or b"") if isinstance(body, bytes | None) else body.length
        if length is not None:
            headers["Content-Length"] = str(length)
    prepared.headers = headers  # type: ignore[assignment]  # each name is written in one way
    return prepared


def _may_repeat(request: Request, error: OSError) -> bool:
    """A kept connection may have been closed by the backend just as it was used again."""
    return request.method in ("GET", "HEAD") and was_closed(error)


def _readable(headers: Mapping[str, str]) -> Mapping[str, str]:
    """The headers as they may be sent on: folded lines joined, without control characters."""
    if isinstance(headers, Fields) or not any(map(_CONTROL.search, headers.values())):
        return headers
    return CaseInsensitiveDict({n: _CONTROL.sub(" ", value) for n, value in headers.items()})


def _name(said: str, credentials: str | None) -> str:
    """A code or a reference as it may stand in a log: short, in one line, no credentials."""
    return _CONTROL.sub(" ", _without(credentials, said))[:NAME_LENGTH]


def _without(credentials: str | None, message: str) -> str:
    """The message, should it repeat what it was sent, without that."""
    for secret in (credentials or "").split():
        for part in (secret, secret.rpartition("/")[2]):
            if len(part) > len("Bearer"):
                message = message.replace(part, REMOVED)
    return message


def _is_web_page(answer: Answer) -> bool:
    return _media_type(answer.headers) == "text/html" and answer.body.lstrip().startswith(b"<")


def _media_type(headers: Mapping[str, str]) -> str:
    return headers.get("Content-Type", "").partition(";")[0].strip().lower()


def _pooled() -> BaseAdapter:
    return DeadlineAdapter(pool_connections=ORIGINS, pool_maxsize=128)
