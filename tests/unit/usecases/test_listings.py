"""One listing over several backends, whatever their pages look like."""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.documents import JsonObject
from aggregator.errors import BackendTimeout, BackendUnavailable
from aggregator.ids import CursorError, encode_cursor
from aggregator.upstream.client import Request
from aggregator.upstream.failures import Failure
from aggregator.usecases.listings import Listing, Position, begin, read_page


class Shelf:
    """A backend's jobs, listed in pages of its own largest size."""

    def __init__(self, count: int, largest: int, keeps_limit: bool = True) -> None:
        self.ids = [f"j{number}" for number in range(count)]
        self.largest, self.keeps_limit = largest, keeps_limit

    def page(self, query: Mapping[str, str]) -> JsonObject:
        start = int(query.get("start", 0))
        size = int(query.get("limit", self.largest)) if self.keeps_limit else self.largest
        size = min(size, self.largest)
        following = {"rel": "next", "href": f"https://b.example/jobs?start={start + size}"}
        more = start + size < len(self.ids)
        jobs = [{"id": identifier} for identifier in self.ids[start : start + size]]
        return {"jobs": jobs, "links": [following] if more else []}


def ask(shelves: Mapping[str, Shelf], failing: set[str]) -> Any:
    def asked(
        requests: Mapping[str, Request], deadline: float
    ) -> tuple[dict[str, JsonObject], dict[str, Failure]]:
        documents = {
            name: shelves[name].page(request.query)
            for name, request in requests.items()
            if name not in failing
        }
        return documents, {n: BackendUnavailable(n) for n in requests if n in failing}

    return asked


class Slow:
    """Answers each request for jobs of a backend after so many seconds, or when time is over."""

    def __init__(self, shelves: Mapping[str, Shelf], pauses: Mapping[str, float]) -> None:
        self.shelves, self.pauses = shelves, pauses

    def __call__(self, requests: Mapping[str, Request], deadline: float) -> Any:
        documents, failures = {}, {}
        time.sleep(min(deadline, max(self.pauses.get(name, 0.0) for name in requests)))
        for name, request in requests.items():
            if self.pauses.get(name, 0.0) > deadline:
                failures[name] = BackendTimeout(name)
            else:
                documents[name] = self.shelves[name].page(request.query)
        return documents, failures


def page(
    shelves: Mapping[str, Shelf], limit: int | None, cursor: str | None, failing: set[str]
) -> Listing:
    return read_page(
        begin(cursor, list(shelves)),
        path="/jobs",
        key="jobs",
        limit=limit,
        ask=ask(shelves, failing),
        deadline=5,
    )


SHELVES = st.builds(Shelf, st.integers(0, 9), st.integers(1, 4), st.booleans())


@given(
    shelves=st.lists(SHELVES, min_size=1, max_size=4),
    limit=st.integers(1, 7),
    outages=st.lists(st.sets(st.integers(0, 3)), max_size=6),
)
def test_nothing_comes_twice_and_nothing_is_left_out(
    shelves: list[Shelf], limit: int, outages: list[set[int]]
) -> None:
    by_backend = {f"b{number}": shelf for number, shelf in enumerate(shelves)}
    wanted = [(name, identifier) for name, shelf in by_backend.items() for identifier in shelf.ids]
    seen: list[tuple[str, Any]] = []
    cursor, ended = None, False
    for number in range(100):
        failing = {f"b{index}" for index in (outages[number] if number < len(outages) else ())}
        listing = page(by_backend, limit, cursor, failing)
        assert len(listing.items) <= limit
        seen += [(item.backend, item.document["id"]) for item in listing.items]
        cursor = listing.cursor
        if cursor is None:
            ended = True
            break
    assert ended
    assert len(seen) == len(set(seen))
    if not listing.failures:
        assert sorted(seen) == sorted(wanted)
    if not any(outages):
        assert seen == wanted


@given(shelves=st.lists(SHELVES, min_size=1, max_size=4))
def test_without_a_limit_all_comes_in_the_order_of_the_backends(shelves: list[Shelf]) -> None:
    by_backend = {f"b{number}": shelf for number, shelf in enumerate(shelves)}
    listing = page(by_backend, None, None, set())
    assert listing.cursor is None
    assert [(item.backend, item.document["id"]) for item in listing.items] == [
        (name, identifier) for name, shelf in by_backend.items() for identifier in shelf.ids
    ]


@given(query=st.dictionaries(st.text(), st.text()), after=st.lists(st.text()), skip=st.integers(0))
def test_a_position_comes_back_from_its_text(
    query: dict[str, str], after: list[str], skip: int
) -> None:
    position = Position(query, tuple(after), min(skip, 10**6))
    try:
        packed = position.pack()
    except TypeError:  # lone surrogates are no JSON
        return
    assert Position.unpack(packed) == position


@pytest.mark.parametrize("packed", ["", "null", "[1,2,3]", '[{},[],"x"]', '[{"a":1},[],0]', 3])
def test_a_forged_position_is_refused(packed: Any) -> None:
    assert Position.unpack(packed) is None


def test_a_forged_cursor_is_refused() -> None:
    with pytest.raises(CursorError):
        begin(encode_cursor({"terra": "[1]"}), ["terra"])


def test_items_without_an_id_are_passed_over() -> None:
    def odd(requests: Any, deadline: float) -> Any:
        return {"b": {"jobs": [{"id": "1"}, {}, 3, {"id": 5}, {"id": "2"}]}}, {}

    listing = read_page(
        {"b": Position()}, path="/jobs", key="jobs", limit=None, ask=odd, deadline=1
    )
    assert [item.document["id"] for item in listing.items] == ["1", "2"]


def test_a_backend_that_does_not_have_its_turn_in_time_is_late() -> None:
    shelves = {"terra": Shelf(2, 2), "aurora": Shelf(2, 2)}
    release = threading.Event()
    with ThreadPoolExecutor(1) as busy:
        busy.submit(release.wait, 20)
        listing = read_page(
            begin(None, list(shelves)),
            path="/jobs",
            key="jobs",
            limit=3,
            ask=ask(shelves, set()),
            deadline=0.2,
            readers=busy,
        )
        release.set()
    assert [item.backend for item in listing.items] == ["terra", "terra"]
    assert list(listing.failures) == ["aurora"]
    rest = page(shelves, 3, listing.cursor, set())
    assert [(item.backend, item.document["id"]) for item in rest.items] == [
        ("aurora", "j0"),
        ("aurora", "j1"),
    ]


def test_a_backend_that_hangs_takes_no_pages_from_the_others() -> None:
    shelves = {"hung": Shelf(5, 5), "terra": Shelf(7, 2), "aurora": Shelf(3, 1)}
    begun = time.monotonic()
    listing = read_page(
        begin(None, list(shelves)),
        path="/jobs",
        key="jobs",
        limit=None,
        ask=Slow(shelves, {"hung": 60.0, "terra": 0.01}),
        deadline=0.4,
    )
    assert time.monotonic() - begun < 2
    assert list(listing.failures) == ["hung"]
    assert [(item.backend, item.document["id"]) for item in listing.items] == [
        *(("terra", f"j{number}") for number in range(7)),
        *(("aurora", f"j{number}") for number in range(3)),
    ]
