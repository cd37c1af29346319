"""One listing over several backends, whatever their pages look like."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping
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


@given(
    query=st.dictionaries(st.text(), st.text()),
    after=st.lists(st.text()),
    skip=st.integers(0),
    before=st.text(),
    pages=st.integers(0, 100_000),
)
def test_a_position_comes_back_from_its_text(
    query: dict[str, str], after: list[str], skip: int, before: str, pages: int
) -> None:
    position = Position(query, tuple(after), min(skip, 10**6), before, pages)
    try:
        packed = position.pack()
    except TypeError:  # lone surrogates are no JSON
        return
    assert Position.unpack(packed) == position


@pytest.mark.parametrize(
    "packed",
    [
        "",
        "null",
        "[1,2,3,4,5]",
        '[{},[],"x","",0]',
        '[{"a":1},[],0,"",0]',
        "[{},[],0,1,0]",
        '[{},[],0,"","x"]',
        '[{},[],0,""]',
        3,
    ],
)
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


@pytest.mark.parametrize("answer", [{}, {"jobs": None}, {"jobs": {"a": {"id": "a"}}, "links": []}])
def test_a_backend_that_answers_without_a_list_fails_and_has_not_just_nothing(answer: Any) -> None:
    def odd(requests: Mapping[str, Request], deadline: float) -> Any:
        return {name: answer if name == "odd" else listed("a") for name in requests}, {}

    listing = read_page(
        begin(None, ["odd", "b"]), path="/jobs", key="jobs", limit=None, ask=odd, deadline=5
    )
    assert [(item.backend, item.document["id"]) for item in listing.items] == [("b", "a")]
    assert listing.failures["odd"].message == (
        "The backend 'odd' failed (content): it answers without the list of jobs"
    )


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
    assert time.monotonic() - begun < 20
    assert list(listing.failures) == ["hung"]
    assert [(item.backend, item.document["id"]) for item in listing.items] == [
        *(("terra", f"j{number}") for number in range(7)),
        *(("aurora", f"j{number}") for number in range(3)),
    ]


Page = Callable[[Mapping[str, str], int], JsonObject]


def listed(*ids: str, following: str | None = None) -> JsonObject:
    links = [] if following is None else [{"rel": "next", "href": following}]
    return {"jobs": [{"id": identifier} for identifier in ids], "links": links}


def walk(page: Page, limit: int | None) -> list[list[str]]:
    """The ids on each page of one backend, which is told how many were read before."""
    found: list[list[str]] = []
    cursor = None
    for number in range(300):

        def asked(requests: Mapping[str, Request], deadline: float, number: int = number) -> Any:
            return {name: page(request.query, number) for name, request in requests.items()}, {}

        listing = read_page(
            begin(cursor, ["b"]), path="/jobs", key="jobs", limit=limit, ask=asked, deadline=5
        )
        found.append([item.document["id"] for item in listing.items])
        cursor = listing.cursor
        if cursor is None:
            return found
    raise AssertionError(f"the pages do not end: {found}")


@pytest.mark.parametrize("limit", [1, 2, 3, None])
@pytest.mark.parametrize("ids", ["aab", "abac", "aaaa", "abcabcabcabcd"])
def test_what_a_backend_lists_twice_comes_once_and_in_its_first_place(
    ids: str, limit: int | None
) -> None:
    pages = walk(lambda query, number: listed(*ids), limit)
    assert [one for page in pages for one in page] == list(dict.fromkeys(ids))


@pytest.mark.parametrize("limit", [1, 2, 3, 5, None])
@pytest.mark.parametrize("following", ["?page=1", "http://b.example/jobs", "/jobs/2", "?limit=7"])
def test_a_page_whose_next_link_leads_to_itself_is_the_last_one(
    following: str, limit: int | None
) -> None:
    pages = walk(lambda query, number: listed("a", "b", following=following), limit)
    assert [one for page in pages for one in page] == ["a", "b"]


@pytest.mark.parametrize("limit", [1, 2, 3, 5, 7, None])
def test_pages_that_lead_in_a_circle_end(limit: int | None) -> None:
    def circle(query: Mapping[str, str], number: int) -> JsonObject:
        at = int(query.get("page", 0))
        return listed(f"{at}a", f"{at}b", following=f"?page={(at + 1) % 3}" if at != 2 else "?")

    pages = walk(circle, limit)
    assert [one for page in pages for one in page] == ["0a", "0b", "1a", "1b", "2a", "2b"]


@pytest.mark.parametrize("limit", [1, 2, 7, None])
@pytest.mark.parametrize("length", [17, 33, 64, 100])
def test_a_circle_of_any_length_that_leads_back_to_the_beginning_is_walked_once(
    length: int, limit: int | None
) -> None:
    def circle(query: Mapping[str, str], number: int) -> JsonObject:
        at = int(query.get("page", 0))
        return listed(f"j{at}", following=f"?page={at + 1}" if at + 1 < length else "?")

    pages = walk(circle, limit)
    assert [one for page in pages for one in page] == [f"j{at}" for at in range(length)]


def test_a_circle_that_leads_back_to_the_middle_ends() -> None:
    def circle(query: Mapping[str, str], number: int) -> JsonObject:
        at = int(query.get("page", 0))
        return listed(f"j{at}", following=f"?page={at + 1 if at < 60 else 20}")

    pages = walk(circle, 1)
    assert pages[:61] == [[f"j{at}"] for at in range(61)]
    assert len(pages) < 80


@pytest.mark.parametrize("limit", [1, 5, None])
def test_a_backend_whose_pages_are_ever_new_and_say_nothing_new_fails(limit: int | None) -> None:
    asked = 0

    def same(requests: Mapping[str, Request], deadline: float) -> Any:
        nonlocal asked
        asked += 1
        return {"b": listed("a", "b", "c", following=f"?page={asked}")}, {}

    found: list[str] = []
    cursor = None
    for _ in range(5):
        listing = read_page(
            begin(cursor, ["b"]), path="/jobs", key="jobs", limit=limit, ask=same, deadline=20
        )
        found += [item.document["id"] for item in listing.items]
        cursor = listing.cursor
        if cursor is None:
            break
    assert (found, cursor) == (["a", "b", "c"], None)
    assert "endless pages of jobs" in listing.failures["b"].message


def test_after_a_hundred_thousand_pages_no_other_is_read() -> None:
    listing = read_page(
        {"b": Position({"page": "7"}, pages=100_000)},
        path="/jobs",
        key="jobs",
        limit=1,
        ask=lambda requests, deadline: ({"b": listed("a", following="?page=8")}, {}),
        deadline=5,
    )
    assert (listing.items, listing.cursor) == ((), None)
    assert "endless pages of jobs" in listing.failures["b"].message


@pytest.mark.parametrize("limit", [2, 3, 4])
def test_items_that_new_ones_move_to_the_next_page_come_once(limit: int) -> None:
    def newest_first(query: Mapping[str, str], number: int) -> JsonObject:
        ids = [f"j{age}" for age in range(10 + number, 0, -1)]
        at, size = int(query.get("offset", 0)), int(query.get("limit", 3))
        more = f"?offset={at + size}&limit={size}" if at + size < len(ids) else None
        return listed(*ids[at : at + size], following=more)

    pages = walk(newest_first, limit)
    assert [one for page in pages for one in page] == [f"j{age}" for age in range(10, 0, -1)]


@pytest.mark.parametrize("changed", ["dabcefg", "abcefgd", "fabcdeg", "acdefgb", "abcdefg"])
def test_what_moves_within_a_page_hides_nothing_and_does_not_come_again(changed: str) -> None:
    pages = walk(lambda query, number: listed(*("abcdefg" if number == 0 else changed)), 6)
    assert pages == [list("abcdef"), ["g"]]


def test_items_with_the_same_id_in_other_collections_are_others() -> None:
    def walked(requests: Mapping[str, Request], deadline: float) -> Any:
        items = [{"id": "1", "collection": name} for name in ("S1", "S2", "S1")]
        return {"b": {"features": items}}, {}

    listing = read_page(
        {"b": Position()},
        path="",
        key="features",
        limit=None,
        ask=walked,
        deadline=1,
        identity=("collection", "id"),
    )
    assert [item.document["collection"] for item in listing.items] == ["S1", "S2"]
