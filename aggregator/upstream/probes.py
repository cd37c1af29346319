"""One look at a member, as the contract counts it: up, or down and why.

No answer in time, no connection, a status of 500 or more and an answer that is no openEO are down.
A client's error, a limit on requests and a refused quota are answers: the member is up.

Source: the openEO API's note on availability, and the profile's row on `/health`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from urllib.parse import urlsplit

from aggregator.documents import text
from aggregator.errors import BackendError, BackendFailure, BackendTimeout, BackendUnavailable
from aggregator.health.observations import Observation
from aggregator.settings import Availability, Backend
from aggregator.upstream.client import Client, Request
from aggregator.upstream.failures import FAILURES, Failure
from aggregator.upstream.metadata import NOT_OFFERED, Metadata

Connect = Callable[[str, str], Client]
Clock = Callable[[], float]

HEALTH_BYTES = 1024 * 1024
DETAIL = 500
_CAPABILITIES = Request("GET", "/")
_HEALTH = Request("GET", "/health", headers={"Accept": "*/*"})


class Prober:
    """Looks at one member; its clients are its own, so that no breaker stands in their way.

    `connect` makes the client for a member's id and address; `clock` gives seconds since 1970.
    """

    def __init__(
        self,
        backend: Backend,
        connect: Connect,
        settings: Availability,
        *,
        limit: int,
        clock: Clock = time.time,
    ) -> None:
        self.backend = backend.id
        self._client = connect(backend.id, backend.url)
        self._metadata = Metadata(self._client, limit)
        self._connect, self._settings = connect, settings
        self._limit, self._clock = limit, clock
        self._discovered = False
        self._host: Client | None = None

    def probe(self) -> Observation:
        """What is seen of the member now, within the deadline of a probe."""
        at = round(self._clock() * 1000)
        begun = time.monotonic()
        until = begun + self._settings.deadline
        try:
            status: int | None = self._asked(until)
            error = detail = ""
        except FAILURES as failure:
            status, error = classified(failure)
            detail = failure.message[:DETAIL] if error else ""
        took = round((time.monotonic() - begun) * 1000)
        return Observation(self.backend, at, not error, took, status, error, detail)

    def _asked(self, until: float) -> int:
        if not self._discovered:
            self._metadata.discover(_left(until))
            self._discovered = True
        if self._settings.probe == "health":
            for client in self._with_health():
                status = self._health_of(client, until)
                if status is not None:
                    return status
        answer, document = self._client.document(
            _CAPABILITIES, deadline=_left(until), limit=self._limit
        )
        if not text(document, "api_version"):
            raise BackendFailure(self.backend, "content", "these are no capabilities")
        return answer.status

    def _health_of(self, client: Client, until: float) -> int | None:
        """The status of GET /health; None where there is none."""
        try:
            return client.ask(_HEALTH, deadline=_left(until), limit=HEALTH_BYTES).status
        except (BackendError, BackendFailure) as failure:
            status = _status_of(failure)
            if status in NOT_OFFERED:
                return None
            raise

    def _with_health(self) -> Iterator[Client]:
        yield self._client
        parts = urlsplit(self._client.url)
        if parts.path.strip("/"):
            self._host = self._host or self._connect(
                self.backend, f"{parts.scheme}://{parts.netloc}"
            )
            yield self._host


def classified(failure: Failure) -> tuple[int | None, str]:
    """The HTTP status, if an answer came, and the class of the failure; empty if it was none."""
    if isinstance(failure, BackendUnavailable):
        return None, "connection"
    if isinstance(failure, BackendTimeout):
        return None, "timeout"
    status = _status_of(failure)
    if status is None:
        broke = isinstance(failure, BackendFailure) and failure.layer == "connection"
        return None, "connection" if broke else "content"
    return status, "server" if status >= 500 else ""


def probers(
    backends: Sequence[Backend],
    connect: Connect,
    settings: Availability,
    *,
    limit: int,
    clock: Clock = time.time,
) -> list[Prober]:
    """A prober for each member."""
    return [Prober(b, connect, settings, limit=limit, clock=clock) for b in backends]


def _status_of(failure: Failure) -> int | None:
    if isinstance(failure, BackendError):
        return failure.status
    return failure.status_there if isinstance(failure, BackendFailure) else None


def _left(until: float) -> float:
    return max(until - time.monotonic(), 0.001)
