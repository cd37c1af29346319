"""A collection's full metadata: fetched for the first who asks, kept for the others."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
import requests

from tests.fakes.backends import Call, Reply
from tests.fakes.clock import Clock
from tests.unit.upstream.watched import snapshots_of, terra


def test_a_collections_full_metadata_are_fetched_once_and_refreshed_in_the_background() -> None:
    versions = iter(["first", "second", "third"])
    app = terra(**{"GET /collections/S2": lambda call: {"id": "S2", "title": next(versions)}})
    clock = Clock()
    snapshots, _ = snapshots_of(app, clock=clock)
    snapshots.refresh()

    def title() -> str:
        found, failures = snapshots.details({"terra": "S2"}, deadline=5)
        assert failures == {}
        return str(found["terra"].document["title"])

    assert [title(), title()] == ["first", "first"]
    clock.advance(3600)
    assert title() == "first"
    snapshots.refresh()
    assert [title(), title()] == ["second", "second"]
    assert len(app.asked("GET", "/collections/S2")) == 2


def test_of_many_that_want_a_collection_at_once_one_asks_for_it() -> None:
    asking, go_on = threading.Event(), threading.Event()

    def detail(call: Call) -> Any:
        asking.set()
        assert go_on.wait(20)
        return {"id": "S2"}

    app = terra(**{"GET /collections/S2": detail})
    snapshots, _ = snapshots_of(app)
    snapshots.refresh()
    with ThreadPoolExecutor(16) as pool:
        wanted = [pool.submit(snapshots.details, {"terra": "S2"}, deadline=20) for _ in range(16)]
        assert asking.wait(20)
        go_on.set()
        outcomes = [one.result() for one in wanted]
    assert all(found["terra"].document == {"id": "S2"} for found, _ in outcomes)
    assert all(failures == {} for _, failures in outcomes)
    assert len(app.asked("GET", "/collections/S2")) == 1


def test_a_detail_that_fails_is_asked_for_again_only_after_some_seconds() -> None:
    app = terra(**{"GET /collections/S2": Reply(500, body=[b"<html>"])})
    timer = Clock()
    snapshots, _ = snapshots_of(app, timer=timer)
    snapshots.refresh()
    for _ in range(3):
        found, failures = snapshots.details({"terra": "S2"}, deadline=5)
        assert found == {} and "status 500" in failures["terra"].message
    assert len(app.asked("GET", "/collections/S2")) == 1
    app.answers["GET /collections/S2"] = {"id": "S2"}
    timer.advance(11)
    assert snapshots.details({"terra": "S2"}, deadline=5)[1] == {}


def test_a_detail_that_takes_too_long_for_a_request_is_fetched_in_the_background() -> None:
    def hangs(call: Call) -> Any:
        raise requests.ReadTimeout

    app = terra(**{"GET /collections/S2": hangs})
    snapshots, _ = snapshots_of(app)
    snapshots.refresh()
    assert snapshots.details({"terra": "S2"}, deadline=5)[0] == {}
    app.answers["GET /collections/S2"] = {"id": "S2"}
    snapshots.refresh()
    found, failures = snapshots.details({"terra": "S2"}, deadline=5)
    assert (found["terra"].document, failures) == ({"id": "S2"}, {})
    assert len(app.asked("GET", "/collections/S2")) == 2


@pytest.mark.parametrize("hours", [-3, 3])
def test_a_clock_that_jumps_keeps_no_document_from_being_refreshed(hours: int) -> None:
    app = terra(**{"GET /collections/S2": {"id": "S2"}})
    clock = Clock()
    snapshots, _ = snapshots_of(app, clock=clock)
    member = snapshots.member("terra")
    member.visit()
    snapshots.details({"terra": "S2"}, deadline=5)
    before = {path: len(app.asked("GET", path)) for path in ("/collections", "/collections/S2")}
    clock.advance(hours * 3600)
    snapshots.details({"terra": "S2"}, deadline=5)
    member.visit()
    asked = {path: len(app.asked("GET", path)) for path in before}
    assert asked == {path: times + 1 for path, times in before.items()}
    member.visit()  # the times are those of the clock as it goes now
    assert {path: len(app.asked("GET", path)) for path in before} == asked
    seen_at = snapshots.current()["terra"].seen_at
    assert seen_at == clock()


def test_a_clock_that_is_set_back_prolongs_no_failure() -> None:
    app = terra(**{"GET /collections/S2": Reply(500, body=[b"<html>"])})
    clock, timer = Clock(), Clock()
    snapshots, _ = snapshots_of(app, clock=clock, timer=timer)
    snapshots.refresh()
    assert snapshots.details({"terra": "S2"}, deadline=5)[1]
    app.answers["GET /collections/S2"] = {"id": "S2"}
    clock.advance(-3600)
    timer.advance(11)
    assert snapshots.details({"terra": "S2"}, deadline=5)[1] == {}
