"""One listing over several backends, page by page, in one stable order.

The order is that of the backends, and within a backend its own. A cursor holds, for each backend
that has more to give, how far it was read: a backend that fails between two pages keeps its place
and is read on from there, so that nothing comes twice and nothing is left out while there is a
next page. A page that is empty since all that remain fail is the last one. A backend that lists
something twice, that moves items to its next page because of new ones, or whose pages lead back to
one that was read, is read once; one whose pages have no end fails in the end. What a cursor holds
is untrusted like any input; it names no addresses.
"""

from __future__ import annotations

import os
import time
from base64 import urlsafe_b64encode
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from concurrent.futures import Executor, Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from functools import lru_cache
from hashlib import blake2b

import orjson

from aggregator.documents import JsonObject, is_array, objects, text
from aggregator.errors import BackendFailure, BackendTimeout
from aggregator.ids import CursorError, decode_cursor, encode_cursor
from aggregator.upstream.client import Request
from aggregator.upstream.failures import Failure
from aggregator.upstream.metadata import next_query

ROUNDS = 1000
# Backends that are read at the same time, for all listings; more wait for their turn.
READERS = 256
# Of the items taken of a page, so that the place is found though some were deleted meanwhile, and
# that those are known again which new ones have moved to the next page.
REMEMBERED = 5
# Of the pages that were read, by marks of so many letters: to know one to which links lead back.
# The last ones tell circles that they hold at once; those of the powers of two any other.
LATEST = 16
MARK = 8
PAGES = 100_000

Ask = Callable[
    [Mapping[str, Request], float], tuple[Mapping[str, JsonObject], Mapping[str, Failure]]
]

Identity = tuple[str, ...]


@dataclass(frozen=True)
class Position:
    """How far a backend was read: the query of its page, and the last items taken of it.

    `skip` counts the items taken of the page, for the case that all of those are gone; while it is
    0 the items are the last of the page before. `before` holds the marks of those of the `pages`
    read before that are remembered.
    """

    query: Mapping[str, str] = field(default_factory=dict)
    after: tuple[str, ...] = ()
    skip: int = 0
    before: str = ""
    pages: int = 0

    def pack(self) -> str:
        """The position as text."""
        packed = [dict(self.query), list(self.after), self.skip, self.before, self.pages]
        return orjson.dumps(packed).decode()

    @classmethod
    def unpack(cls, packed: object) -> Position | None:
        """The position in a text; None if there is none."""
        try:
            found = orjson.loads(packed if isinstance(packed, str) else "")
            query, after, skip, before, pages = found
        except (ValueError, TypeError):
            return None
        if not isinstance(query, dict) or not isinstance(after, list):
            return None
        if not all(isinstance(value, str) for value in [*query.values(), *after, before]):
            return None
        if not isinstance(skip, int) or not isinstance(pages, int):
            return None
        return cls(query, tuple(after), _between(skip, 10**6), before, _between(pages, PAGES))

    def start(self, ids: Sequence[str]) -> int:
        """The index from which on nothing was taken yet but what is remembered.

        The one in the middle of those tells, since some may have moved to an end of the page.
        """
        if self.skip == 0:
            return 0
        taken = sorted(ids.index(identifier) for identifier in self.after if identifier in ids)
        return taken[(len(taken) - 1) // 2] + 1 if taken else min(self.skip, len(ids))

    def turned(self, query: Mapping[str, str], last: tuple[str, ...]) -> Position | None:
        """The beginning of the next page, after these items; None if that was read before."""
        told = [self.before[at : at + MARK] for at in range(0, len(self.before), MARK)]
        marks = dict(zip(_remembered(self.pages), told, strict=False))
        pages = self.pages + 1
        marks[pages] = _mark(self.query)
        if _mark(query) in marks.values():
            return None
        before = "".join(marks.get(page, "") for page in _remembered(pages))
        return Position(query, last, 0, before, pages)


def _remembered(pages: int) -> list[int]:
    """Which of so many pages are remembered, by their numbers from 1 on."""
    powers = (1 << power for power in range(pages.bit_length()))
    return sorted({*powers, *range(max(pages - LATEST, 0) + 1, pages + 1)})


def _between(value: int, largest: int) -> int:
    return min(max(value, 0), largest)


def _mark(query: Mapping[str, str]) -> str:
    told = orjson.dumps(dict(query), option=orjson.OPT_SORT_KEYS)
    return urlsafe_b64encode(blake2b(told, digest_size=MARK * 6 // 8).digest()).decode()


@dataclass(frozen=True)
class Item:
    """One entry of a backend's listing, and where to read on after it (None: that was all)."""

    backend: str
    document: JsonObject
    then: Position | None


@dataclass(frozen=True)
class Listing:
    """A page: its items, the cursor of the next one, and the failures of backends."""

    items: tuple[Item, ...]
    cursor: str | None
    failures: Mapping[str, Failure]


@dataclass
class _Reading:
    """What one backend has given for this page; `at` is None once it has no more."""

    began: Position
    at: Position | None
    items: list[Item] = field(default_factory=list)
    taken: set[str] = field(default_factory=set)


def begin(cursor: str | None, backends: Sequence[str]) -> dict[str, Position]:
    """Where to read each backend on; CursorError if the cursor was not made here."""
    if cursor is None:
        return {backend: Position() for backend in backends}
    positions = {b: Position.unpack(packed) for b, packed in decode_cursor(cursor).items()}
    if not all(positions.values()):
        raise CursorError(cursor)
    return {b: p for b in backends if (p := positions.get(b)) is not None}


def read_page(
    positions: Mapping[str, Position],
    *,
    path: str,
    key: str,
    limit: int | None,
    ask: Ask,
    deadline: float,
    identity: Identity = ("id",),
    readers: Executor | None = None,
) -> Listing:
    """Read one page of at most `limit` items (all there are if None) within `deadline` seconds.

    `identity` names the members of an item that tell it from all others of its backend; `readers`
    are the threads that read, if not those of all listings.
    All backends are read at the same time, each until it has given `limit` items or has no more;
    none waits for another, so that one that hangs takes no pages from the others.
    """
    until = time.monotonic() + deadline
    readings = {backend: _Reading(position, position) for backend, position in positions.items()}

    def read(backend: str) -> Failure | None:
        reading = readings[backend]
        for _ in range(ROUNDS):
            if reading.at is None or (limit is not None and len(reading.items) >= limit):
                return None
            if reading.at.pages >= PAGES:
                return endless(backend)
            request = _request(path, reading.at, limit)
            documents, failed = ask({backend: request}, max(until - time.monotonic(), 0))
            if backend in failed:
                return failed[backend]
            document = documents[backend]
            if not is_array(document.get(key)):
                said = f"it answers without the list of {key}"
                return BackendFailure(backend, "content", said)
            _take(reading, backend, objects(document, key), next_query(document), identity)
        idle = reading.at is not None and reading.taken and not reading.items
        return endless(backend) if idle else None

    def endless(backend: str) -> Failure:
        return BackendFailure(backend, "content", f"endless pages of {key}")

    failures = {
        b: failure for b, failure in _of_each(readings, read, until, readers) if failure is not None
    }
    return _assembled(readings, failures, limit)


def _of_each(
    backends: Collection[str],
    read: Callable[[str], Failure | None],
    until: float,
    readers: Executor | None,
) -> Iterable[tuple[str, Failure | None]]:
    """What reading each backend comes to, in their order; the first is read in this thread."""
    threads = readers or _readers(os.getpid())
    reading = {name: threads.submit(read, name) for name in list(backends)[1:]}
    for name in backends:
        future = reading.get(name)
        yield name, read(name) if future is None else _ended(name, future, until)


def _ended(backend: str, future: Future[Failure | None], until: float) -> Failure | None:
    """What reading a backend has come to; one that has not had its turn in time is late."""
    try:
        return future.result(max(until - time.monotonic(), 0))
    except TimeoutError:
        return BackendTimeout(backend) if future.cancel() else future.result()


@lru_cache(1)
def _readers(process: int) -> ThreadPoolExecutor:  # noqa: ARG001 - threads do not outlive a fork
    """The threads that read listings: others than those that ask, for which they wait."""
    return ThreadPoolExecutor(READERS, "listing")


def _request(path: str, at: Position, limit: int | None) -> Request:
    query = dict(at.query)
    if limit is not None and not query:
        query["limit"] = str(limit + at.skip)
    return Request("GET", path, query)


def _take(
    reading: _Reading,
    backend: str,
    entries: Sequence[JsonObject],
    following: Mapping[str, str] | None,
    identity: Identity,
) -> None:
    """Add the items of a page that were not taken before, each with where to read on."""
    at = reading.at or Position()
    listed: dict[str, JsonObject] = {}
    for item in entries:
        if own := _own(item, identity):
            listed.setdefault(own, item)
    ids = list(listed)
    known = {*at.after, *reading.taken}
    fresh = [number for number in range(at.start(ids), len(ids)) if ids[number] not in known]
    last = tuple(ids[-REMEMBERED:]) or at.after
    after_page = None if following is None else at.turned(following, last)
    for number in fresh:
        recent = tuple(ids[max(number + 1 - REMEMBERED, 0) : number + 1])
        on_page = replace(at, after=recent, skip=number + 1)
        then = after_page if number == fresh[-1] else on_page
        reading.items.append(Item(backend, listed[ids[number]], then))
    reading.taken.update(ids)
    reading.at = after_page


def _own(item: JsonObject, identity: Identity) -> str:
    """What tells an item from all others of its backend; empty if it lacks that."""
    found = [text(item, name) for name in identity]
    return "\n".join(found) if all(found) else ""


def _assembled(
    readings: Mapping[str, _Reading], failures: Mapping[str, Failure], limit: int | None
) -> Listing:
    items: list[Item] = []
    positions: dict[str, Position] = {}
    for backend, reading in readings.items():
        room = len(reading.items) if limit is None else limit - len(items)
        taken = reading.items[:room]
        items += taken
        then = _then(reading, taken, room)
        if then is not None:
            positions[backend] = then
    # A page with items is followed by one on which those that failed are tried again.
    more = any(backend not in failures for backend in positions) or bool(
        positions and items and limit is not None
    )
    cursor = encode_cursor({b: p.pack() for b, p in positions.items()}) if more else None
    return Listing(tuple(items), cursor, failures)


def _then(reading: _Reading, taken: Sequence[Item], room: int) -> Position | None:
    """Where to read a backend on, given what this page has room for."""
    if len(reading.items) <= room:
        return reading.at
    return taken[-1].then if taken else reading.began
