"""The HTTP client of the review."""

from __future__ import annotations

import http.cookiejar
import threading
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from http.client import RemoteDisconnected
from typing import Any, Final

import requests
from requests.adapters import BaseAdapter, HTTPAdapter

from scripts.self_review.probe.addresses import parts, resolved
from scripts.self_review.probe.answer import Answer
from scripts.self_review.probe.pace import Limits, Pace
from scripts.self_review.probe.secrets import Secrets

AGENT: Final = "openeo-self-review"
CHUNK: Final = 65536
NO_COOKIES: Final = http.cookiejar.DefaultCookiePolicy(allowed_domains=[])
SAFE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
FOLLOWED: Final = frozenset({301, 302, 303, 307, 308})
PATIENCE: Final = 5
"""So many requests in a row may have no answer before the backend is left alone."""


class NoAnswerError(Exception):
    """No answer came that could be judged: the request and the reason."""

    def __init__(self, request: str, reason: str) -> None:
        super().__init__(f"{request}: {reason}")
        self.request = request
        self.reason = reason


class UntrustedError(NoAnswerError):
    """The certificate of the server does not validate."""


class NoTlsError(NoAnswerError):
    """The server does not speak TLS at an address that begins with https."""


class DroppedError(NoAnswerError):
    """The connection was closed or reset before an answer came."""


@dataclass(frozen=True, slots=True)
class Asked:
    """A request to be sent."""

    method: str
    url: str
    headers: Mapping[str, str]
    json: Any = None
    data: bytes | None = None
    seconds: float | None = None
    bytes: int | None = None

    @property
    def text(self) -> str:
        return f"{self.method} {self.url}"


class Probe:
    """Sends requests within limits. Safe to share between threads."""

    def __init__(
        self,
        limits: Limits | None = None,
        *,
        transport: BaseAdapter | None = None,
        verify: bool = True,
    ) -> None:
        self.limits = limits or Limits()
        self.pace = Pace(self.limits)
        self.secrets = Secrets()
        self.verify = verify
        self._session = _session(transport)
        # What is not to be sent twice never goes over a connection that may be closed by now.
        self._fresh = _session(transport)
        self._fresh.headers["Connection"] = "close"
        self._silent: Counter[str] = Counter()

    def close(self) -> None:
        self._session.close()
        self._fresh.close()

    def ask(
        self,
        method: str,
        url: str,
        *,
        headers: Mapping[str, str] | None = None,
        json: Any = None,
        data: bytes | None = None,
        seconds: float | None = None,
        bytes_: int | None = None,
        cleaning: bool = False,
        verify: bool | None = None,
    ) -> Answer:
        """One answer, redirects followed. Raises NoAnswerError, or ExhaustedError.

        Credentials in `headers` are not taken along to another host.
        """
        asked = Asked(method, url, dict(headers or {}), json, data, seconds, bytes_)
        verify = self.verify if verify is None else verify
        seen: list[str] = []
        while True:
            with self.pace.turn(cleaning=cleaning):
                answer = self._patiently(asked, tuple(seen), verify)
            onwards = _redirect(asked, answer)
            if onwards is None:
                return answer
            seen.append(asked.url)
            if len(seen) > self.limits.redirects:
                reason = f"it redirects more than {self.limits.redirects} times"
                raise NoAnswerError(f"{method} {url}", reason)
            asked = onwards

    def _patiently(self, asked: Asked, seen: tuple[str, ...], verify: bool) -> Answer:
        """The answer; NoAnswerError without asking if nothing was answered for long."""
        host = parts(asked.url).netloc
        if self._silent[host] >= PATIENCE:
            reason = f"not asked, because the {PATIENCE} requests before had no answer either"
            raise NoAnswerError(asked.text, reason)
        try:
            answer = self._again(asked, seen, verify)
        except NoAnswerError:
            self._silent[host] += 1
            raise
        self._silent[host] = 0
        return answer

    def _again(self, asked: Asked, seen: tuple[str, ...], verify: bool) -> Answer:
        """The answer; asked twice where a kept connection was closed, and that does no harm."""
        try:
            return self._in_time(asked, seen, verify)
        except DroppedError:
            if asked.method not in SAFE:
                raise
            return self._in_time(asked, seen, verify)

    def _in_time(self, asked: Asked, seen: tuple[str, ...], verify: bool) -> Answer:
        """The answer, or NoAnswerError when its time is over, however slowly it drips."""
        seconds = asked.seconds or self.limits.seconds
        task = _Task(self, asked, seen, verify, time.monotonic() + seconds)
        task.start()
        if not task.done.wait(seconds + 0.25):
            raise NoAnswerError(asked.text, f"no whole answer within {seconds:g} seconds")
        if task.error is not None:
            raise task.error
        return task.answer

    def exchange(self, asked: Asked, seen: tuple[str, ...], verify: bool, end: float) -> Answer:
        """The answer to one request, read to its end; raises NoAnswerError."""
        started = time.monotonic()
        session = self._session if asked.method in SAFE else self._fresh
        try:
            with session.request(
                asked.method,
                asked.url,
                headers=dict(asked.headers),
                json=asked.json,
                data=asked.data,
                timeout=max(end - started, 0.01),
                stream=True,
                allow_redirects=False,
                verify=verify,
            ) as response:
                body = _read(response, asked, end, asked.bytes or self.limits.bytes)
                return Answer(
                    asked.method,
                    asked.url,
                    response.status_code,
                    response.headers,
                    body,
                    time.monotonic() - started,
                    seen,
                )
        except requests.exceptions.SSLError as error:
            raise _insecure(asked, error) from error
        except requests.Timeout as error:
            reason = f"no answer within {end - started:.0f} seconds"
            raise NoAnswerError(asked.text, reason) from error
        except requests.ConnectionError as error:
            kind = DroppedError if _is_dropped(error) else NoAnswerError
            raise kind(asked.text, f"the connection failed ({_why(error)})") from error
        except (requests.RequestException, OSError, ValueError) as error:
            raise NoAnswerError(asked.text, f"the connection failed ({_why(error)})") from error


class _Task(threading.Thread):
    """A request in a thread of its own, which may be left behind when its time is over."""

    def __init__(
        self, probe: Probe, asked: Asked, seen: tuple[str, ...], verify: bool, end: float
    ) -> None:
        super().__init__(daemon=True, name=f"probe {asked.text[:60]}")
        self.done = threading.Event()
        self.answer: Answer
        self.error: Exception | None = None
        self._work: Callable[[], Answer] = partial(probe.exchange, asked, seen, verify, end)

    def run(self) -> None:
        try:
            self.answer = self._work()
        except Exception as error:  # noqa: BLE001 - handed on to the thread that waits
            self.error = error
        finally:
            self.done.set()


def _session(transport: BaseAdapter | None) -> requests.Session:
    session = requests.Session()
    adapter = transport or HTTPAdapter(pool_maxsize=32, max_retries=0)
    session.mount("http://", adapter)
    session.mount("https://", adapter)
    session.headers["User-Agent"] = AGENT
    # Nothing of the user's .netrc goes to the backend, and no cookie comes back to it.
    session.auth = _as_it_is
    session.cookies.set_policy(NO_COOKIES)
    return session


def _as_it_is(request: requests.PreparedRequest) -> requests.PreparedRequest:
    return request


def _read(response: requests.Response, asked: Asked, end: float, most: int) -> bytes:
    pieces, size = [], 0
    for piece in response.iter_content(CHUNK):
        pieces.append(piece)
        size += len(piece)
        if size > most:
            raise NoAnswerError(asked.text, f"the answer has more than {most:,} bytes")
        if time.monotonic() > end:
            raise NoAnswerError(
                asked.text, f"the answer was not whole in time ({size:,} bytes came)"
            )
    return b"".join(pieces)


def _redirect(asked: Asked, answer: Answer) -> Asked | None:
    """The next request, if the answer leads on to another address."""
    place = answer.headers.get("Location")
    if answer.status not in FOLLOWED or not place or asked.method not in {"GET", "HEAD"}:
        return None
    target = resolved(asked.url, place)
    if parts(target).scheme not in {"http", "https"}:
        return None
    kept = dict(asked.headers)
    if parts(target)[:2] != parts(asked.url)[:2]:
        kept = {k: v for k, v in kept.items() if k.lower() != "authorization"}
    return Asked(asked.method, target, kept, seconds=asked.seconds, bytes=asked.bytes)


def _insecure(asked: Asked, error: requests.exceptions.SSLError) -> NoAnswerError:
    why = _why(error)
    if "certificate" in why.lower():
        return UntrustedError(asked.text, f"the certificate does not validate ({why})")
    return NoTlsError(asked.text, f"no TLS connection can be made ({why})")


def _is_dropped(error: BaseException) -> bool:
    """Whether the server hung up, as it may with a connection that it kept for a while."""
    while (inner := error.__cause__ or error.__context__) is not None:
        error = inner
    return isinstance(error, ConnectionResetError | BrokenPipeError | RemoteDisconnected)


def _why(error: BaseException) -> str:
    """The innermost reason, in a line."""
    while (inner := error.__cause__ or error.__context__) is not None:
        error = inner
    return " ".join(str(error).split())[:200] or type(error).__name__
