"""What is known of each backend: its metadata, and whether it answers.

One thread per backend looks after it in the background: it probes it (`GET /`, conditional),
refreshes documents that have grown old, and keeps them as files. Nothing here is fetched within
a user's request, except a collection's full metadata when it is asked for first. A document
stays until a newer one has come: a backend that is offline is shown as last known, and marked.
"""

from __future__ import annotations

import logging
import random
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from cachetools import LRUCache, TTLCache

from aggregator.errors import BackendUnavailable, OpenEOError
from aggregator.health.standing import Standing
from aggregator.settings import Backend, Upstream
from aggregator.upstream.archive import Archive
from aggregator.upstream.failures import FAILURES, Failure
from aggregator.upstream.fleet import Breaker, Fleet
from aggregator.upstream.flights import Flights
from aggregator.upstream.latencies import Latency
from aggregator.upstream.metadata import (
    CAPABILITIES,
    PATHS,
    Metadata,
    Stored,
    detail_request,
    offers,
    stored,
)

# Of collections' full metadata, per backend.
DETAIL_BYTES = 8 * 1024 * 1024
# Collections whose full metadata have just failed, and how long that is remembered.
FAILED_DETAILS = 1000
RETRY_SECONDS = 10.0
# A probe that times out once may have met a busy moment.
PATIENCE = 2

LOG = logging.getLogger(__name__)

Clock = Callable[[], float]


@dataclass(frozen=True)
class Snapshot:
    """What is known of a backend at a time; times are seconds since 1970.

    `failing` names the documents whose last fetch failed, and why. `standing` is how the member
    stands by the contract, as far as that is known.
    """

    backend: str
    url: str
    online: bool = False
    visited: bool = False
    problem: str = "It has not been asked yet."
    checked_at: float | None = None
    seen_at: float | None = None
    documents: Mapping[str, Stored] = field(default_factory=dict)
    failing: Mapping[str, str] = field(default_factory=dict)
    standing: Standing | None = None

    @property
    def excluded(self) -> str:
        """Why it gets no new work, to follow its name; empty if it does."""
        standing = self.standing
        return standing.as_text() if standing is not None and standing.excluded else ""

    def lacks(self, kind: str) -> bool:
        """Whether that document of it is missing or may be out of date."""
        return not self.online or kind in self.failing or CAPABILITIES not in self.documents


class Member:
    """Keeps the snapshot of one backend; `visit` is called by one thread at a time."""

    def __init__(
        self,
        metadata: Metadata,
        breaker: Breaker,
        latency: Latency,
        snapshot: Snapshot,
        *,
        times: Upstream,
        archive: Archive,
        clock: Clock,
        changed: Callable[[], None],
    ) -> None:
        self.snapshot = snapshot
        self._metadata, self._breaker, self._latency = metadata, breaker, latency
        self._times, self._archive = times, archive
        self._clock, self._changed = clock, changed
        self._details: LRUCache[str, Stored] = LRUCache(DETAIL_BYTES, lambda d: len(d.body))
        self._stale: set[str] = set()
        self._lock = threading.Lock()
        self._visiting = threading.Lock()
        self._failed_probes = 0
        self._discovered = False

    def restore(self) -> None:
        """Take up what an earlier run has kept."""
        kept = {kind: self._archive.load(kind) for kind in (CAPABILITIES, *PATHS)}
        documents = {kind: document for kind, document in kept.items() if document is not None}
        if CAPABILITIES in documents:
            seen_at = documents[CAPABILITIES].fetched_at
            self._update(documents=documents, seen_at=seen_at, checked_at=seen_at)

    def visit(self, *, everything: bool = False) -> bool:
        """Probe the backend, and refresh what is due; whether it is online."""
        with self._visiting:
            recovered = self._breaker.is_open or not self.snapshot.visited
            if self._probe():
                self._refresh(everything or recovered)
                self._refresh_details()
            if not self.snapshot.visited:
                self._update(visited=True)
            return self.snapshot.online

    def detail(self, collection: str) -> Stored | None:
        """A collection's full metadata if it is known; old ones are refreshed at the next visit."""
        with self._lock:
            known = self._details.get(collection)
        if known is None:
            known = self._archive.load(_detail_name(collection))
            if known is not None:
                self.keep_detail(collection, known, new=False)
        if known is not None and self._is_old(known):
            self._stale.add(collection)
        return known

    def keep_detail(self, collection: str, document: Stored, *, new: bool = True) -> None:
        """Remember a collection's full metadata."""
        with self._lock:
            if len(document.body) <= DETAIL_BYTES:
                self._details[collection] = document
        if new:
            self._archive.save(_detail_name(collection), document)

    def stands(self, standing: Standing) -> None:
        """The member stands so from now on."""
        if standing != self.snapshot.standing:
            self._update(standing=standing)

    def went_offline(self, problem: str) -> None:
        """The backend is not to be asked until a probe has succeeded."""
        self._breaker.trip()
        self._update(online=False, problem=problem)

    def _probe(self) -> bool:
        now = self._clock()
        deadline = self._times.probe_deadline
        try:
            if not self._discovered:
                self._metadata.discover(deadline)
            known = self.snapshot.documents.get(CAPABILITIES)
            begun = time.monotonic()
            document = self._metadata.capabilities(known, now, deadline)
            self._latency.note(time.monotonic() - begun)
        except FAILURES as error:
            self._probe_failed(error, now)
            return False
        self._discovered = True
        self._failed_probes = 0
        self._breaker.reset()
        seen = {"url": self._metadata.url, "checked_at": now, "seen_at": now}
        self._store(CAPABILITIES, document, online=True, problem="", **seen)
        return True

    def _probe_failed(self, error: OpenEOError, now: float) -> None:
        self._failed_probes += 1
        refused = error.code == "BackendUnavailable" or not self.snapshot.visited
        if refused or self._failed_probes >= PATIENCE:
            self._breaker.trip()
            self._update(online=False, problem=error.message, checked_at=now)
        else:
            self._update(problem=error.message, checked_at=now)

    def _refresh(self, everything: bool) -> None:
        capabilities = self.snapshot.documents[CAPABILITIES].document
        for kind, path in PATHS.items():
            known = self.snapshot.documents.get(kind)
            needed = kind != "conformance" or "conformsTo" not in capabilities
            if not needed or not offers(capabilities, path):
                self._forget(kind)
            elif everything or kind in self.snapshot.failing or self._is_old(known):
                self._refresh_one(kind, known)

    def _refresh_one(self, kind: str, known: Stored | None) -> None:
        try:
            document = self._metadata.fetch(
                kind, known, self._clock(), self._times.metadata_deadline
            )
        except FAILURES as error:
            self._update(failing={**self.snapshot.failing, kind: error.message})
            return
        failing = {k: why for k, why in self.snapshot.failing.items() if k != kind}
        if document is None:
            self._forget(kind)
            self._update(failing=failing)
        else:
            self._store(kind, document, failing=failing)

    def _refresh_details(self) -> None:
        while self._stale:
            collection = self._stale.pop()
            with self._lock:
                known = self._details.get(collection)
            deadline = self._times.request_deadline
            try:
                fetched = self._metadata.detail(collection, known, self._clock(), deadline)
            except FAILURES:
                return  # the old one stays; a probe will tell how the backend is
            if fetched is not None:
                self.keep_detail(collection, fetched)
                if known is None or known.digest != fetched.digest:
                    self._changed()

    def _store(self, kind: str, document: Stored, **also: object) -> None:
        known = self.snapshot.documents.get(kind)
        self._update(documents={**self.snapshot.documents, kind: document}, **also)
        if known is None or known.digest != document.digest or self._is_old(known):
            self._archive.save(kind, document)

    def _forget(self, kind: str) -> None:
        if kind in self.snapshot.documents or kind in self.snapshot.failing:
            documents, failing = dict(self.snapshot.documents), dict(self.snapshot.failing)
            documents.pop(kind, None)
            failing.pop(kind, None)
            self._update(documents=documents, failing=failing)
            self._archive.remove(kind)

    def _is_old(self, known: Stored | None) -> bool:
        """Whether a document is due; also one of a future that a wrong clock has seen."""
        if known is None:
            return True
        return not 0 <= self._clock() - known.fetched_at <= self._times.refresh_interval

    def _update(self, **changes: object) -> None:
        with self._lock:
            self.snapshot = replace(self.snapshot, **changes)  # type: ignore[arg-type]
        self._changed()


class Snapshots:
    """The snapshots of all backends, kept fresh by threads between `start` and `stop`."""

    def __init__(
        self,
        backends: Sequence[Backend],
        fleet: Fleet,
        times: Upstream,
        *,
        directory: Path | None,
        clock: Clock,
        timer: Clock = time.monotonic,
    ) -> None:
        """`clock` gives seconds since 1970, `timer` seconds that only grow."""
        self._fleet, self._times, self._clock = fleet, times, clock
        self._flights = Flights()
        self._failing = threading.Lock()
        self._failed: TTLCache[tuple[str, str], Failure] = TTLCache(
            FAILED_DETAILS, RETRY_SECONDS, timer
        )
        self._listeners: list[Callable[[], None]] = []
        self._stopping = threading.Event()
        self._wakes = {backend.id: threading.Event() for backend in backends}
        self._threads: list[threading.Thread] = []
        self._visited = threading.Event()
        self._starting = threading.Lock()
        self._members = {
            backend.id: Member(
                Metadata(fleet.clients[backend.id], times.max_metadata_bytes),
                fleet.breakers[backend.id],
                fleet.latency_of[backend.id],
                Snapshot(backend.id, fleet.clients[backend.id].url),
                times=times,
                archive=Archive(directory / backend.id if directory else None, backend.url),
                clock=clock,
                changed=self._changed,
            )
            for backend in backends
        }
        fleet.tripped = self._tripped
        for member in self._members.values():
            member.restore()

    def current(self) -> dict[str, Snapshot]:
        """The snapshot of each backend, in configured order."""
        return {name: member.snapshot for name, member in self._members.items()}

    def listen(self, listener: Callable[[], None]) -> None:
        """Call this, in any thread, after each change."""
        self._listeners.append(listener)

    def member(self, backend: str) -> Member:
        """The keeper of one backend's snapshot."""
        return self._members[backend]

    def details(
        self, own_ids: Mapping[str, str], *, deadline: float
    ) -> tuple[dict[str, Stored], dict[str, Failure]]:
        """The full metadata of a collection from the backends that have it, each by its own id.

        What is not known yet is fetched, by one caller at a time, within `deadline` seconds; what
        has just failed is not fetched again for some seconds.
        """
        until = time.monotonic() + deadline
        found = self._known_details(own_ids)
        lacking = {name: own_id for name, own_id in own_ids.items() if name not in found}
        if not lacking:
            return found, {}
        with self._flights.only_one(frozenset(lacking.items()), until) as first:
            if not first:
                lacking = {n: i for n, i in lacking.items() if self._members[n].detail(i) is None}
            failures = self._lately_failed(lacking)
            lacking = {name: lacking[name] for name in lacking if name not in failures}
            if lacking:
                failures |= self._fetch_details(lacking, until - time.monotonic())
        return self._known_details(own_ids), failures

    def _lately_failed(self, lacking: Mapping[str, str]) -> dict[str, Failure]:
        with self._failing:
            entries = {name: self._failed.get((name, lacking[name])) for name in lacking}
        return {name: failure for name, failure in entries.items() if failure is not None}

    def _known_details(self, own_ids: Mapping[str, str]) -> dict[str, Stored]:
        known = {name: self._members[name].detail(own_id) for name, own_id in own_ids.items()}
        return {name: document for name, document in known.items() if document is not None}

    def _fetch_details(self, lacking: Mapping[str, str], deadline: float) -> dict[str, Failure]:
        requests = {name: detail_request(own_id) for name, own_id in lacking.items()}
        answers = self._fleet.ask_all(requests, {}, deadline=max(deadline, 0))
        for name, answer in answers.raw.items():
            document = stored(answer.body, answer.headers.get("ETag"), self._clock())
            self._members[name].keep_detail(lacking[name], document)
        with self._failing:
            for name, failure in answers.failures.items():
                if not isinstance(failure, BackendUnavailable):  # that costs nothing
                    self._failed[name, lacking[name]] = failure
        return dict(answers.failures)

    def refresh(self) -> None:
        """Visit every backend now, one after the other."""
        for member in self._members.values():
            member.visit(everything=True)
        self._note_visits()

    def start(self) -> None:
        """Begin to look after the backends; a second call changes nothing."""
        with self._starting:
            if self._threads:
                return
            self._stopping.clear()
            for name in self._members:
                thread = threading.Thread(
                    target=self._tend, args=(name,), name=f"snapshots-{name}", daemon=True
                )
                self._threads.append(thread)
                thread.start()

    def stop(self, timeout: float = 5.0) -> None:
        """End the threads; one that waits for a backend ends when the backend answers."""
        self._stopping.set()
        for wake in self._wakes.values():
            wake.set()
        with self._starting:
            for thread in self._threads:
                thread.join(timeout)
            self._threads.clear()

    def wait_until_visited(self, seconds: float) -> bool:
        """Wait until every backend has been visited once, at most so long."""
        return self._visited.wait(seconds)

    def _tend(self, name: str) -> None:
        member, wake = self._members[name], self._wakes[name]
        while not self._stopping.is_set():
            online = self._visited_safely(member)
            self._note_visits()
            interval = self._times.probe_interval if online else self._times.offline_probe_interval
            # Jitter, so that backends are not all asked at once.
            if wake.wait(interval * random.uniform(0.7, 1.0)):  # noqa: S311 - no secret
                wake.clear()
                self._stopping.wait(min(0.5, self._times.offline_probe_interval))

    def _visited_safely(self, member: Member) -> bool:
        try:
            return member.visit()
        except Exception:  # the thread outlives what a document may hold
            LOG.exception("looking after backend %s failed", member.snapshot.backend)
            member.went_offline("Its metadata could not be read.")
            return False

    def _note_visits(self) -> None:
        if all(member.snapshot.visited for member in self._members.values()):
            self._visited.set()

    def _tripped(self, backend: str) -> None:
        self._members[backend].went_offline("Requests have failed repeatedly.")
        self._wakes[backend].set()

    def _changed(self) -> None:
        for listener in self._listeners:
            listener()


def _detail_name(collection: str) -> str:
    return f"collection {collection}"
