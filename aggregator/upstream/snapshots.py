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

from aggregator.errors import OpenEOError
from aggregator.health.standing import Standing
from aggregator.settings import Backend, Upstream
from aggregator.upstream.archive import Archive
from aggregator.upstream.breakers import Breaker
from aggregator.upstream.details import Details, KeptDetails
from aggregator.upstream.failures import FAILURES, Failure
from aggregator.upstream.fleet import Fleet
from aggregator.upstream.latencies import Latency
from aggregator.upstream.metadata import CAPABILITIES, PATHS, Metadata, Stored, offers

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

    def never_told(self, kind: str) -> bool:
        """Whether it is not known if there is such a document of it, since it was never reached."""
        untold = kind in self.failing or CAPABILITIES not in self.documents
        return untold and kind not in self.documents


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
        self.details = KeptDetails(archive, clock, times.refresh_interval)
        self._metadata, self._breaker, self._latency = metadata, breaker, latency
        self._times, self._archive = times, archive
        self._clock, self._changed = clock, changed
        self._lock = threading.Lock()
        self._visiting = threading.Lock()
        self._failed_probes = 0
        self._discovered = False
        self._archived: dict[str, Stored] = {}  # without their bodies

    def restore(self) -> None:
        """Take up what an earlier run has kept."""
        kept = {kind: self._archive.load(kind) for kind in (CAPABILITIES, *PATHS)}
        documents = {kind: document for kind, document in kept.items() if document is not None}
        self._archived = {kind: replace(one, body=b"") for kind, one in documents.items()}
        if CAPABILITIES in documents:
            seen_at = documents[CAPABILITIES].fetched_at
            self._update(documents=documents, seen_at=seen_at, checked_at=seen_at)

    def visit(self, *, everything: bool = False) -> bool:
        """Probe the backend, and refresh what is due; whether it is online."""
        with self._visiting:
            recovered = self._breaker.is_open or not self.snapshot.visited
            if self._probe():
                self._refresh(everything or recovered)
                self.details.refresh(self._metadata, self._times.request_deadline, self._changed)
            if not self.snapshot.visited:
                self._update(visited=True)
            return self.snapshot.online

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
        self._breaker.reset(recovered=self._failed_probes > 0)
        self._failed_probes = 0
        seen = {"url": self._metadata.url, "checked_at": now, "seen_at": now}
        self._store(CAPABILITIES, document, online=True, problem="", **seen)
        return True

    def _probe_failed(self, error: OpenEOError, now: float) -> None:
        self._failed_probes += 1
        refused = error.code == "BackendUnavailable" or not self.snapshot.visited
        if refused or self._failed_probes >= PATIENCE:
            self._breaker.trip()
            self._discovered = False  # it may come back with another version
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

    def _store(self, kind: str, document: Stored, **also: object) -> None:
        self._update(documents={**self.snapshot.documents, kind: document}, **also)
        archived = self._archived.get(kind)
        if archived is None or archived.digest != document.digest or self._is_old(archived):
            self._archive.save(kind, document)
            self._archived[kind] = replace(document, body=b"")

    def _forget(self, kind: str) -> None:
        if kind in self.snapshot.documents or kind in self.snapshot.failing:
            documents, failing = dict(self.snapshot.documents), dict(self.snapshot.failing)
            documents.pop(kind, None)
            failing.pop(kind, None)
            self._archived.pop(kind, None)
            self._update(documents=documents, failing=failing)
            self._archive.remove(kind)

    def _is_old(self, known: Stored | None) -> bool:
        """Whether a document is due."""
        return known is None or known.is_old(self._clock(), self._times.refresh_interval)

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
        self._times = times
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
        kept = {name: member.details for name, member in self._members.items()}
        self._details = Details(fleet, kept, clock, timer)
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
        return self._details.of(own_ids, deadline=deadline)

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
