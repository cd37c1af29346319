"""Collections' full metadata: fetched when first asked for, then kept.

They are many and large, so that only those are fetched that somebody has asked for. Who looks
after a backend refreshes what has grown old; until then the old one is served. What took longer
than a request may take is fetched by them, too.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping

from cachetools import LRUCache, TTLCache

from aggregator.errors import BackendTimeout, BackendUnavailable
from aggregator.upstream.archive import Archive
from aggregator.upstream.failures import FAILURES, Failure
from aggregator.upstream.fleet import Fleet
from aggregator.upstream.flights import Flights
from aggregator.upstream.metadata import Metadata, Stored, answered, detail_request

# Kept in memory, per backend.
DETAIL_BYTES = 8 * 1024 * 1024
# Collections whose full metadata have just failed, and how long that is remembered.
FAILED_DETAILS = 1000
RETRY_SECONDS = 10.0

Clock = Callable[[], float]


class KeptDetails:
    """Those of one backend: the latest in memory, all in its archive."""

    def __init__(self, archive: Archive, clock: Clock, refresh_interval: float) -> None:
        self._archive, self._clock, self._refresh_interval = archive, clock, refresh_interval
        self._kept: LRUCache[str, Stored] = LRUCache(DETAIL_BYTES, lambda d: len(d.body))
        self._stale: set[str] = set()
        self._lock = threading.Lock()

    def get(self, collection: str) -> Stored | None:
        """A collection's full metadata if they are known; old ones are due from now on."""
        with self._lock:
            known = self._kept.get(collection)
        if known is None:
            known = self._archive.load(_name(collection))
            if known is not None:
                self._remember(collection, known)
        if known is not None and known.is_old(self._clock(), self._refresh_interval):
            self._stale.add(collection)
        return known

    def keep(self, collection: str, document: Stored) -> None:
        """Remember a collection's full metadata, also over a restart."""
        self._remember(collection, document)
        self._archive.save(_name(collection), document)

    def want(self, collection: str) -> None:
        """To be fetched in the background, where there is more time than in a request."""
        self._stale.add(collection)

    def refresh(self, metadata: Metadata, deadline: float, changed: Callable[[], None]) -> None:
        """Fetch what is due, each within `deadline` seconds; `changed` is called after each change.

        After as many seconds no other is begun, since the backend is to be probed; what is left is
        due still. The first failure ends it: the old ones stay, and a probe will tell how it is.
        """
        until = time.monotonic() + deadline
        while self._stale and time.monotonic() < until:
            collection = self._stale.pop()
            with self._lock:
                known = self._kept.get(collection)
            try:
                fetched = metadata.detail(collection, known, self._clock(), deadline)
            except FAILURES:
                return
            self._stale.discard(collection)  # of which somebody has got the old one meanwhile
            if fetched is not None:
                self.keep(collection, fetched)
                if known is None or known.digest != fetched.digest:
                    changed()

    def _remember(self, collection: str, document: Stored) -> None:
        with self._lock:
            if len(document.body) <= DETAIL_BYTES:
                self._kept[collection] = document


class Details:
    """Those of all backends; of several callers that lack the same, one fetches."""

    def __init__(
        self, fleet: Fleet, kept: Mapping[str, KeptDetails], clock: Clock, timer: Clock
    ) -> None:
        """`clock` gives seconds since 1970, `timer` seconds that only grow."""
        self._fleet, self._kept, self._clock = fleet, kept, clock
        self._flights = Flights()
        self._lock = threading.Lock()
        self._failed: TTLCache[tuple[str, str], Failure] = TTLCache(
            FAILED_DETAILS, RETRY_SECONDS, timer
        )

    def of(
        self, own_ids: Mapping[str, str], *, deadline: float
    ) -> tuple[dict[str, Stored], dict[str, Failure]]:
        """The full metadata of a collection from the backends that have it, each by its own id.

        What is not known yet is fetched, by one caller at a time, within `deadline` seconds; what
        has just failed is not fetched again for some seconds.
        """
        until = time.monotonic() + deadline
        found = self._known(own_ids)
        lacking = {name: own_id for name, own_id in own_ids.items() if name not in found}
        if not lacking:
            return found, {}
        with self._flights.only_one(frozenset(lacking.items()), until) as first:
            if not first:
                lacking = {n: i for n, i in lacking.items() if self._kept[n].get(i) is None}
            failures = self._lately_failed(lacking)
            lacking = {name: lacking[name] for name in lacking if name not in failures}
            if lacking:
                failures |= self._fetch(lacking, until - time.monotonic())
        return self._known(own_ids), failures

    def _known(self, own_ids: Mapping[str, str]) -> dict[str, Stored]:
        known = {name: self._kept[name].get(own_id) for name, own_id in own_ids.items()}
        return {name: document for name, document in known.items() if document is not None}

    def _lately_failed(self, lacking: Mapping[str, str]) -> dict[str, Failure]:
        with self._lock:
            entries = {name: self._failed.get((name, lacking[name])) for name in lacking}
        return {name: failure for name, failure in entries.items() if failure is not None}

    def _fetch(self, lacking: Mapping[str, str], deadline: float) -> dict[str, Failure]:
        requests = {name: detail_request(own_id) for name, own_id in lacking.items()}
        answers = self._fleet.ask_all(requests, {}, deadline=max(deadline, 0))
        for name, answer in answers.raw.items():
            self._kept[name].keep(lacking[name], answered(answer, self._clock()))
        with self._lock:
            for name, failure in answers.failures.items():
                if not isinstance(failure, BackendUnavailable):  # that costs nothing
                    self._failed[name, lacking[name]] = failure
                if isinstance(failure, BackendTimeout):
                    self._kept[name].want(lacking[name])
        return dict(answers.failures)


def _name(collection: str) -> str:
    return f"collection {collection}"
