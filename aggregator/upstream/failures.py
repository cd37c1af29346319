"""What goes wrong on the way to a backend, as the federation's errors (see `client`)."""

from __future__ import annotations

import ssl
from collections.abc import Callable, Iterator
from http.client import HTTPException
from typing import Any

import requests
import urllib3

from aggregator.errors import (
    BackendError,
    BackendFailure,
    BackendTimeout,
    BackendUnavailable,
    OpenEOError,
)
from aggregator.upstream.deadlines import Deadline
from aggregator.upstream.heads import HeadUnreadable
from aggregator.upstream.transport import NoSecureConnectionError

Failure = BackendUnavailable | BackendTimeout | BackendFailure | BackendError
FAILURES = (BackendUnavailable, BackendTimeout, BackendFailure, BackendError)


# openEO's errors by which a backend says that it cannot tell, or not this user.
_NOTHING = frozenset(
    {"FeatureUnsupported", "EstimateComplexity", "NotFound", "PermissionsInsufficient"}
)


def tells_nothing(failure: OpenEOError) -> bool:
    """Whether a backend answers with it that it has nothing to tell, which is no failure."""
    if isinstance(failure, BackendFailure):
        return failure.status_there in {404, 405, 501}
    return failure.code in _NOTHING


class Translated:
    """Turns the errors of requests, urllib3, http.client and the system into ours."""

    def __init__(self, backend: str, deadline: Deadline) -> None:
        self._backend, self._deadline = backend, deadline

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, _FOREIGN):
            raise translated(error, self._backend, self._deadline) from error


# AttributeError is what urllib3 raises when a connection is closed under a reader.
_FOREIGN = (
    requests.RequestException,
    urllib3.exceptions.HTTPError,
    HTTPException,
    OSError,
    ValueError,
    AttributeError,
)


_CLOSED = (ConnectionResetError, ConnectionAbortedError, BrokenPipeError)


def translated(error: BaseException, backend: str, deadline: Deadline) -> Failure:
    """The federation's error for an error of the libraries below."""
    if deadline.struck:
        return BackendTimeout(backend, deadline.seconds)
    chain = list(_chain(error))
    for kinds, failure in _TRANSLATIONS:
        if _any(chain, *kinds):
            return failure(backend)
    return BackendFailure(backend, "connection", "the connection broke off")


# The first row that fits counts: errors without a connection are time-outs to urllib3 as well.
_TRANSLATIONS: tuple[tuple[tuple[type[BaseException], ...], Callable[[str], Failure]], ...] = (
    (
        (urllib3.exceptions.NameResolutionError,),
        lambda backend: BackendUnavailable(backend, "Its name cannot be resolved."),
    ),
    (
        (NoSecureConnectionError,),
        lambda backend: BackendUnavailable(backend, "No secure connection can be made (TLS)."),
    ),
    (  # after the handshake: what was asked may have been done
        (requests.exceptions.SSLError, urllib3.exceptions.SSLError, ssl.SSLError),
        lambda backend: BackendFailure(backend, "connection", "TLS broke off"),
    ),
    (
        (requests.ConnectTimeout, urllib3.exceptions.ConnectTimeoutError, ConnectionRefusedError),
        lambda backend: BackendUnavailable(backend, "No connection can be made."),
    ),
    (
        (requests.Timeout, urllib3.exceptions.TimeoutError, TimeoutError),
        BackendTimeout,
    ),
    (
        (urllib3.exceptions.DecodeError, requests.exceptions.ContentDecodingError),
        lambda backend: BackendFailure(backend, "content", "the body cannot be decompressed"),
    ),
    (
        (urllib3.exceptions.IncompleteRead,),
        lambda backend: BackendFailure(backend, "connection", "the answer ended before its end"),
    ),
    (
        (HeadUnreadable,),
        lambda backend: BackendFailure(
            backend, "connection", "the head of its answer breaks off, or cannot be read"
        ),
    ),
)


def was_closed(error: BaseException) -> bool:
    """Whether the backend had closed the connection."""
    return _any(list(_chain(error)), *_CLOSED)


def _any(chain: list[BaseException], *kinds: type[BaseException]) -> bool:
    return any(isinstance(error, kinds) for error in chain)


def _chain(error: BaseException) -> Iterator[BaseException]:
    """The error and those inside it, as requests and urllib3 nest them."""
    seen: list[BaseException] = []
    queue: list[Any] = [error]
    while queue:
        current = queue.pop()
        if isinstance(current, BaseException) and current not in seen:
            seen.append(current)
            queue += [*current.args, getattr(current, "reason", None), current.__cause__]
            yield current
