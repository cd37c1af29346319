"""All backends: the only loop over them, and the only source of `federation:missing`.

A fan-out has a hard deadline: the answers that are there when it strikes are the answer, the
late backends are failures. A breaker per backend opens after repeated failures; from then on the
backend is not asked by anybody, until a probe (`snapshots`) has seen it answer again (`breakers`).
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from math import ceil

from aggregator.documents import JsonObject
from aggregator.errors import BackendFailure, BackendPaused, BackendTimeout, BackendUnavailable
from aggregator.upstream.breakers import Breaker, kind_of
from aggregator.upstream.client import Answer, Client, Request, Stream
from aggregator.upstream.failures import FAILURES, Failure
from aggregator.upstream.latencies import Latency


@dataclass(frozen=True)
class Answers:
    """What several backends answered, and why the others did not; both in the order asked.

    `documents` are the JSON objects in the answers, `raw` the answers themselves.
    """

    documents: Mapping[str, JsonObject]
    failures: Mapping[str, Failure]
    raw: Mapping[str, Answer]


class Fleet:
    """Asks one or several backends; the credentials of each go to it alone."""

    def __init__(
        self,
        clients: Sequence[Client],
        *,
        failures_before_offline: int = 3,
        connections: int = 128,
        answer_limit: int = 32 * 1024 * 1024,
        tripped: Callable[[str], None] | None = None,
    ) -> None:
        self.clients = {client.backend: client for client in clients}
        self.breakers = {name: Breaker(failures_before_offline) for name in self.clients}
        self.latency_of = {name: Latency() for name in self.clients}
        self.tripped = tripped or (lambda _: None)
        self._connections, self._answer_limit = connections, answer_limit
        self._executor: ThreadPoolExecutor | None = None
        self._lock = threading.Lock()

    def ask_all(
        self,
        requests: Mapping[str, Request],
        credentials: Mapping[str, str],
        *,
        deadline: float,
    ) -> Answers:
        """Ask each backend its request at the same time, for at most `deadline` seconds.

        An answer that is no JSON object is a failure.
        """
        until = time.monotonic() + deadline
        failures: dict[str, Failure] = {}
        futures: dict[str, Future[tuple[Answer, JsonObject]]] = {}
        for backend, request in requests.items():
            if self.breakers[backend].is_open:
                failures[backend] = BackendUnavailable(backend)
                continue
            own = credentials.get(backend)
            futures[backend] = self._pool().submit(self._read, until, backend, request, own)
        wait(futures.values(), timeout=until - time.monotonic())
        found: dict[str, tuple[Answer, JsonObject]] = {}
        for backend, future in futures.items():
            outcome = _outcome(backend, future, deadline)
            if isinstance(outcome, tuple):
                found[backend] = outcome
            else:
                failures[backend] = outcome
        return Answers(
            documents={backend: document for backend, (_, document) in found.items()},
            failures={backend: failures[backend] for backend in requests if backend in failures},
            raw={backend: answer for backend, (answer, _) in found.items()},
        )

    def guard(self, backend: str) -> None:
        """Raises BackendUnavailable if the backend is not to be asked by anybody."""
        if self.breakers[backend].is_open:
            raise BackendUnavailable(backend)

    def ask(
        self, backend: str, request: Request, credentials: str | None = None, *, deadline: float
    ) -> Answer:
        """The answer of one backend; raises its failure."""
        with self._watched(backend, request, credentials):
            return self.clients[backend].ask(
                request, credentials, deadline=deadline, limit=self._answer_limit
            )

    def open(
        self, backend: str, request: Request, credentials: str | None = None, *, deadline: float
    ) -> Stream:
        """The answer of one backend, its body yet to be read.

        Taking long is no fault here: a result may take all the time it is given.
        """
        self.guard(backend)
        with _Watched(self, backend, (BackendUnavailable,)):
            return self.clients[backend].open(request, credentials, deadline=deadline)

    def latencies(self) -> dict[str, float]:
        """The seconds in which backends have answered lately what is only read."""
        found = {name: latency.recent() for name, latency in self.latency_of.items()}
        return {name: seconds for name, seconds in found.items() if seconds is not None}

    def close(self) -> None:
        """End the threads; those that still wait for a backend end with their deadline."""
        with self._lock:
            executor, self._executor = self._executor, None
        if executor is not None:
            executor.shutdown(wait=False, cancel_futures=True)

    def _read(
        self, until: float, backend: str, request: Request, own: str | None
    ) -> tuple[Answer, JsonObject]:
        left = until - time.monotonic()
        if left <= 0:
            raise BackendTimeout(backend)
        with self._watched(backend, request, own):
            return self.clients[backend].document(
                request, own, deadline=left, limit=self._answer_limit
            )

    def _watched(self, backend: str, request: Request, own: str | None) -> _Watched:
        """What counts how the exchange ends.

        Raises BackendUnavailable if it must not begin, and BackendPaused if it must not yet. How
        long a body takes that is read as it is sent, is up to who sends it.
        """
        self.guard(backend)
        if not isinstance(request.body, bytes | None):
            return _Watched(self, backend, (BackendUnavailable,))
        kind, asker = kind_of(request.method, request.path), None if own is None else hash(own)
        if not self.breakers[backend].lets(kind, asker):
            raise BackendPaused(backend, max(ceil(self.breakers[backend].pause(kind)), 1))
        timed = request.method == "GET"
        return _Watched(self, backend, _counted(request), timed=timed, kind=kind, asker=asker)

    def _pool(self) -> ThreadPoolExecutor:
        with self._lock:  # made at first use, so that it belongs to the process that uses it
            if self._executor is None:
                self._executor = ThreadPoolExecutor(self._connections, "upstream")
            return self._executor


class _Watched:
    """Counts how an exchange ended, and notes how long it took if it is `timed`.

    An error in openEO's form is an answer. A foreign one counts for what is only read: a job
    or a result that makes a backend stumble must not close it for everybody, nor must a request
    that it finds too long or otherwise the client's fault (4xx). An answer that was waited for in
    vain took as long as that; where there is no connection there is nothing to measure.
    """

    def __init__(
        self,
        fleet: Fleet,
        backend: str,
        counted: tuple[type[Failure], ...],
        *,
        timed: bool = False,
        kind: str = "",
        asker: int | None = None,
    ) -> None:
        self._fleet, self._backend, self._counted = fleet, backend, counted
        self._timed, self._kind, self._asker, self._begun = timed, kind, asker, 0.0

    def __enter__(self) -> None:
        self._begun = time.monotonic()

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if self._timed and not isinstance(error, BackendUnavailable):
            self._fleet.latency_of[self._backend].note(time.monotonic() - self._begun)
        breaker = self._fleet.breakers[self._backend]
        if isinstance(error, self._counted) and not _is_clients_fault(error):
            late = isinstance(error, BackendTimeout)
            if breaker.waited(self._kind, self._asker) if late else breaker.failed():
                self._fleet.tripped(self._backend)
        elif not isinstance(error, BackendTimeout):  # which is no answer, counted or not
            breaker.succeeded(self._kind)


def _is_clients_fault(error: BaseException | None) -> bool:
    return isinstance(error, BackendFailure) and 400 <= (error.status_there or 0) < 500


def _counted(request: Request) -> tuple[type[Failure], ...]:
    if request.method == "GET":
        return BackendUnavailable, BackendTimeout, BackendFailure
    return BackendUnavailable, BackendTimeout


def _outcome(
    backend: str, future: Future[tuple[Answer, JsonObject]], deadline: float
) -> tuple[Answer, JsonObject] | Failure:
    if not future.done():
        future.cancel()
        return BackendTimeout(backend, deadline)
    try:
        return future.result()
    except FAILURES as failure:
        return failure
