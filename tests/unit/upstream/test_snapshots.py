"""What is known of each backend: refreshed in the background, kept over restarts."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from aggregator.settings import Backend, Upstream
from aggregator.upstream.client import Client
from aggregator.upstream.fleet import Fleet
from aggregator.upstream.snapshots import Snapshots
from tests.fakes.backends import Call, FakeBackend, Reply
from tests.fakes.clock import Clock
from tests.fakes.transports import WsgiAdapter
from tests.unit.upstream.watched import CAPABILITIES, SMALL, TIMES, URL, snapshots_of, terra, until


def test_what_a_backend_offers_is_fetched_and_nothing_else() -> None:
    app = terra()
    snapshots, _ = snapshots_of(app)
    snapshots.refresh()
    snapshot = snapshots.current()["terra"]
    assert snapshot.online
    assert set(snapshot.documents) == {"capabilities", "collections", "processes"}
    assert snapshot.documents["collections"].document["collections"] == [{"id": "S2"}]
    assert [c.path for c in app.calls] == [
        "/openeo/1.3/",
        "/openeo/1.3/collections",
        "/openeo/1.3/processes",
    ]


def test_methods_that_are_listed_in_small_letters_are_those_of_http() -> None:
    listed = [{"path": "/collections", "methods": ["get"]}, {"path": "/jobs", "methods": ["post"]}]
    app = terra(**{"GET /": CAPABILITIES | {"endpoints": listed}})
    snapshots, _ = snapshots_of(app)
    snapshots.refresh()
    assert set(snapshots.current()["terra"].documents) == {"capabilities", "collections"}


def test_an_unchanged_document_is_asked_for_conditionally_and_kept() -> None:
    def collections(call: Call) -> Any:
        if call.headers.get("IF_NONE_MATCH") == '"v1"':
            return Reply(304)
        return Reply(200, {"collections": [{"id": "S2"}]}, {"ETag": '"v1"'})

    app = terra(**{"GET /collections": collections})
    clock = Clock()
    snapshots, _ = snapshots_of(app, clock=clock)
    snapshots.refresh()
    first = snapshots.current()["terra"].documents["collections"]
    clock.advance(3600)
    snapshots.refresh()
    second = snapshots.current()["terra"].documents["collections"]
    assert (second.digest, second.body) == (first.digest, first.body)
    assert second.fetched_at == first.fetched_at + 3600


def test_without_an_etag_the_time_of_the_last_change_is_asked_by_also_after_a_restart(
    tmp_path: Path,
) -> None:
    changed = "Wed, 21 Oct 2026 07:28:00 GMT"

    def collections(call: Call) -> Any:
        if call.headers.get("IF_MODIFIED_SINCE") == changed:
            return Reply(304)
        dates = {"Last-Modified": changed, "Date": "Wed, 21 Oct 2026 07:29:00 GMT"}
        return Reply(200, {"collections": [{"id": "S2"}]}, dates)

    app = terra(**{"GET /collections": collections})
    snapshots_of(app, directory=tmp_path)[0].refresh()
    restarted, _ = snapshots_of(app, directory=tmp_path)
    restarted.refresh()
    sent = [call.headers.get("IF_MODIFIED_SINCE") for call in app.asked("GET", "/collections")]
    assert sent == [None, changed]
    document = restarted.current()["terra"].documents["collections"].document
    assert document == {"collections": [{"id": "S2"}]}


@pytest.mark.parametrize("date", ["Wed, 21 Oct 2026 07:28:59 GMT", "today", ""])
def test_the_time_of_a_change_that_may_not_have_been_the_last_of_its_second_is_not_asked_by(
    date: str,
) -> None:
    dates = {"Last-Modified": "Wed, 21 Oct 2026 07:28:00 GMT", "Date": date}
    app = terra(**{"GET /collections": Reply(200, {"collections": []}, dates)})
    snapshots, _ = snapshots_of(app)
    snapshots.refresh()
    snapshots.refresh()
    asked = app.asked("GET", "/collections")
    assert [call.headers.get("IF_MODIFIED_SINCE") for call in asked] == [None, None]


def test_an_etag_is_asked_by_rather_than_a_time(tmp_path: Path) -> None:
    headers = {"ETag": 'W/"v1"', "Last-Modified": "Wed, 21 Oct 2026 07:28:00 GMT"}
    app = terra(**{"GET /collections": Reply(200, {"collections": []}, headers)})
    snapshots, _ = snapshots_of(app)
    snapshots.refresh()
    snapshots.refresh()
    asked = app.asked("GET", "/collections")[1].headers
    assert (asked.get("IF_NONE_MATCH"), asked.get("IF_MODIFIED_SINCE")) == ('W/"v1"', None)


def test_all_pages_of_a_listing_are_joined() -> None:
    def collections(call: Call) -> Any:
        if call.query == "page=2":
            return {"collections": [{"id": "B"}], "links": []}
        href = "https://elsewhere.example/collections?page=2"
        return {"collections": [{"id": "A"}], "links": [{"rel": "next", "href": href}]}

    snapshots, _ = snapshots_of(terra(**{"GET /collections": collections}))
    snapshots.refresh()
    document = snapshots.current()["terra"].documents["collections"].document
    assert [collection["id"] for collection in document["collections"]] == ["A", "B"]


def test_a_listing_whose_pages_never_end_is_given_up() -> None:
    again = {"collections": [{"id": "A"}], "links": [{"rel": "next", "href": "/collections?p=1"}]}
    snapshots, _ = snapshots_of(terra(**{"GET /collections": again}))
    snapshots.refresh()
    assert "endless pages" in snapshots.current()["terra"].failing["collections"]


def test_a_document_that_fails_is_noted_and_the_others_are_used() -> None:
    broken = Reply(200, body=[b"{"], headers={"Content-Type": "application/json"})
    snapshots, _ = snapshots_of(terra(**{"GET /collections": broken}))
    snapshots.refresh()
    snapshot = snapshots.current()["terra"]
    assert snapshot.online and snapshot.lacks("collections") and not snapshot.lacks("processes")


def test_a_failed_document_keeps_its_last_known_version() -> None:
    app = terra()
    snapshots, _ = snapshots_of(app)
    snapshots.refresh()
    app.answers["GET /collections"] = Reply(500, body=[b"oops"])
    snapshots.refresh()
    snapshot = snapshots.current()["terra"]
    assert snapshot.documents["collections"].document["collections"] == [{"id": "S2"}]
    assert snapshot.lacks("collections")


def test_a_document_that_failed_is_asked_for_at_the_next_probe_however_young() -> None:
    app = terra()
    snapshots, _ = snapshots_of(app, clock=Clock())
    snapshots.refresh()
    listed, app.answers["GET /collections"] = app.answers["GET /collections"], Reply(500)
    snapshots.refresh()
    assert snapshots.current()["terra"].lacks("collections")
    app.answers["GET /collections"] = listed
    snapshots.member("terra").visit()
    assert not snapshots.current()["terra"].lacks("collections")


def test_what_a_backend_no_longer_offers_is_forgotten_also_over_a_restart(tmp_path: Path) -> None:
    app = terra()
    snapshots, _ = snapshots_of(app, directory=tmp_path)
    snapshots.refresh()
    fewer = [{"path": "/collections", "methods": ["GET"]}]
    app.answers["GET /"] = CAPABILITIES | {"endpoints": fewer}
    snapshots.member("terra").visit()
    restarted, _ = snapshots_of(app, directory=tmp_path)
    for found in (snapshots, restarted):
        assert set(found.current()["terra"].documents) == {"capabilities", "collections"}


def test_a_restart_with_the_backend_down_serves_the_last_known_metadata_marked(
    tmp_path: Path,
) -> None:
    clock = Clock(1000.0)
    snapshots_of(terra(), directory=tmp_path, clock=clock)[0].refresh()
    clock.advance(500)
    restarted, adapter = snapshots_of(terra(), directory=tmp_path, clock=clock)
    adapter.down.add("http://terra.test")
    restarted.refresh()
    snapshot = restarted.current()["terra"]
    assert not snapshot.online
    assert snapshot.documents["collections"].document["collections"] == [{"id": "S2"}]
    assert (snapshot.seen_at, snapshot.checked_at) == (1000.0, 1500.0)


def test_a_restart_knows_what_had_changed_a_moment_before(tmp_path: Path) -> None:
    app, clock = terra(), Clock(1000.0)
    snapshots, _ = snapshots_of(app, directory=tmp_path, clock=clock)
    snapshots.refresh()
    app.answers["GET /collections"] = {"collections": [{"id": "S3"}], "links": []}
    snapshots.refresh()
    restarted, _ = snapshots_of(app, directory=tmp_path, clock=clock)
    known = restarted.current()["terra"].documents["collections"]
    assert known.document["collections"] == [{"id": "S3"}]


def test_a_restart_asks_for_everything_however_young_what_it_knows_is(tmp_path: Path) -> None:
    app, clock = terra(), Clock(1000.0)
    snapshots_of(app, directory=tmp_path, clock=clock)[0].refresh()
    app.answers["GET /collections"] = {"collections": [{"id": "S3"}], "links": []}
    restarted, _ = snapshots_of(app, directory=tmp_path, clock=clock)
    restarted.member("terra").visit()
    known = restarted.current()["terra"].documents["collections"]
    assert known.document["collections"] == [{"id": "S3"}]


def test_a_restart_knows_when_the_backend_was_seen_last_though_nothing_has_changed(
    tmp_path: Path,
) -> None:
    def capabilities(call: Call) -> Any:
        if call.headers.get("IF_NONE_MATCH") == '"v1"':
            return Reply(304)
        return Reply(200, CAPABILITIES, {"ETag": '"v1"'})

    app = terra(**{"GET /": capabilities})
    clock = Clock(1000.0)
    snapshots, _ = snapshots_of(app, directory=tmp_path, clock=clock)
    for _ in range(100):  # for 50 minutes it is probed twice a minute
        snapshots.member("terra").visit()
        clock.advance(30)
    restarted, _ = snapshots_of(app, directory=tmp_path, clock=clock)
    seen_at = restarted.current()["terra"].seen_at
    assert seen_at is not None
    assert clock() - seen_at <= 120  # seconds: it is noted once a minute


def test_metadata_of_another_address_are_not_taken_up(tmp_path: Path) -> None:
    snapshots_of(terra(), directory=tmp_path)[0].refresh()
    moved, _ = snapshots_of(terra(), url="http://terra.test/openeo/1.4", directory=tmp_path)
    assert moved.current()["terra"].documents == {}


@pytest.mark.parametrize(
    "broken",
    [
        lambda whole: whole[:7],
        lambda whole: whole[:-7],
        lambda whole: whole[:-7] + b"\x00" * 7,
        lambda whole: whole.replace(b"{", b"[", 1),
        lambda whole: b"\x00" * len(whole),
        lambda whole: b"",
        lambda whole: b"[]\n{}",
    ],
)
def test_a_broken_file_is_no_metadata(tmp_path: Path, broken: Callable[[bytes], bytes]) -> None:
    snapshots_of(terra(), directory=tmp_path)[0].refresh()
    for file in (tmp_path / "terra").iterdir():
        file.write_bytes(broken(file.read_bytes()))
    assert snapshots_of(terra(), directory=tmp_path)[0].current()["terra"].documents == {}


def test_a_backend_that_refuses_is_offline_and_back_soon_after_it_recovers() -> None:
    app = terra()
    snapshots, adapter = snapshots_of(app)
    adapter.down.add("http://terra.test")
    snapshots.start()
    try:
        assert snapshots.wait_until_visited(5)
        assert not snapshots.current()["terra"].online
        adapter.down.clear()
        until(lambda: snapshots.current()["terra"].online)
        until(lambda: "processes" in snapshots.current()["terra"].documents)
        adapter.down.add("http://terra.test")
        until(lambda: not snapshots.current()["terra"].online)
    finally:
        snapshots.stop()
    assert snapshots.current()["terra"].documents["collections"].document["collections"]


def test_stopping_ends_the_threads_and_starting_again_works() -> None:
    app = terra()
    snapshots, _ = snapshots_of(app)
    snapshots.start()
    snapshots.wait_until_visited(5)
    snapshots.stop()
    asked = len(app.calls)
    time.sleep(0.2)
    assert len(app.calls) == asked
    snapshots.start()
    until(lambda: len(app.calls) > asked)
    snapshots.stop()


class Wake(threading.Event):
    """Notes how long it is waited for, and ends the wait at once."""

    def __init__(self) -> None:
        super().__init__()
        self.pauses: list[float] = []

    def wait(self, timeout: float | None = None) -> bool:
        self.pauses.append(timeout or 0)
        return False


def test_pauses_between_visits_differ_so_that_backends_are_not_asked_in_step() -> None:
    times = Upstream(probe_interval=60.0, offline_probe_interval=5.0, refresh_interval=300.0)
    snapshots, _ = snapshots_of(terra(), times=times)
    wake = snapshots._wakes["terra"] = Wake()
    snapshots.start()
    until(lambda: len(wake.pauses) > 20)
    snapshots.stop()
    assert all(42 <= pause <= 60 for pause in wake.pauses)
    assert len(set(wake.pauses)) > 20
    assert max(wake.pauses) - min(wake.pauses) > 1


def test_a_bug_in_reading_a_document_does_not_end_the_watch(
    caplog: pytest.LogCaptureFixture,
) -> None:
    def broken(call: Call) -> Any:
        raise RuntimeError("boom")

    app = terra(**{"GET /": broken})
    snapshots, _ = snapshots_of(app)
    snapshots.start()
    until(lambda: len(app.calls) > 1)
    app.answers["GET /"] = CAPABILITIES
    until(lambda: snapshots.current()["terra"].online)
    snapshots.stop()
    assert "boom" in caplog.text


@pytest.mark.parametrize("was_down", [True, False])
def test_what_was_kept_waiting_is_asked_again_at_once_by_a_recovery_and_by_no_probe_else(
    was_down: bool,
) -> None:
    app = terra()
    adapter = WsgiAdapter({"http://terra.test": app})
    fleet = Fleet([Client("terra", URL, transport=lambda: adapter)], failures_before_offline=1)
    snapshots = Snapshots([Backend("terra", URL)], fleet, TIMES, directory=None, clock=Clock())
    fleet.breakers["terra"].waited("GET /jobs")
    if was_down:
        adapter.down.add("http://terra.test")
        snapshots.refresh()
        adapter.down.clear()
    snapshots.refresh()
    assert not fleet.breakers["terra"].is_open
    assert fleet.breakers["terra"].lets("GET /jobs") is was_down


def test_repeated_failures_of_requests_make_a_backend_offline_until_it_is_probed() -> None:
    snapshots, _ = snapshots_of(terra())
    snapshots.refresh()
    snapshots.member("terra").went_offline("Requests have failed repeatedly.")
    assert not snapshots.current()["terra"].online
    snapshots.refresh()
    assert snapshots.current()["terra"].online


@pytest.mark.parametrize(
    ("versions", "expected"),
    [
        ([("1.1.0", True), ("1.10.0", True), ("1.9.0", True)], "1.10.0"),
        ([("1.3.0", False), ("1.2.0", True)], "1.2.0"),
        ([("0.4.2", True), ("1.0.0", False), ("2.0.0", True)], "1.0.0"),
    ],
)
def test_the_newest_production_version_is_found_by_discovery(
    versions: list[tuple[str, bool]], expected: str
) -> None:
    listed = [
        {"api_version": v, "production": p, "url": f"http://terra.test/v{v}"} for v, p in versions
    ]
    app = FakeBackend({"GET /.well-known/openeo": {"versions": listed}, "GET *": CAPABILITIES})
    snapshots, _ = snapshots_of(app, url="http://terra.test")
    snapshots.refresh()
    assert snapshots.current()["terra"].url == f"http://terra.test/v{expected}"


def test_a_backend_that_comes_back_with_another_version_is_found_again() -> None:
    def at(version: str) -> dict[str, Any]:
        url = f"http://terra.test/openeo/{version}"
        listed = [{"api_version": f"{version}.0", "production": True, "url": url}]
        return {"GET /.well-known/openeo": {"versions": listed}, f"GET /openeo/{version}/": SMALL}

    app = FakeBackend(at("1.2"))
    snapshots, _ = snapshots_of(app, url="http://terra.test")
    snapshots.refresh()
    app.answers = at("1.3")
    for _ in range(3):
        snapshots.refresh()
    snapshot = snapshots.current()["terra"]
    assert (snapshot.online, snapshot.url) == (True, "http://terra.test/openeo/1.3")
    app.answers.pop("GET /.well-known/openeo")
    known = app.answers.pop("GET /openeo/1.3/")
    for _ in range(3):
        snapshots.refresh()
    app.answers["GET /openeo/1.3/"] = known
    snapshots.refresh()
    snapshot = snapshots.current()["terra"]
    assert (snapshot.online, snapshot.url) == (True, "http://terra.test/openeo/1.3")


def test_without_a_well_known_document_the_address_itself_is_the_api() -> None:
    app = FakeBackend({"GET /": CAPABILITIES})
    snapshots, _ = snapshots_of(app, url="http://terra.test")
    snapshots.refresh()
    assert snapshots.current()["terra"].online
