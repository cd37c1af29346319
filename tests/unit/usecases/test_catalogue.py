"""What the federation offers: made in the background, once per change."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from unittest import mock

import pytest

from aggregator.app import create_app
from aggregator.settings import read
from aggregator.usecases.federation import Federation
from aggregator.usecases.shelves import Shelf
from aggregator.usecases.views import View
from tests.fakes.backends import FakeBackend
from tests.fakes.transports import WsgiAdapter
from tests.web.site import backend

QUICK = {
    "probe_interval": 0.05,
    "offline_probe_interval": 0.05,
    "refresh_interval": 0.05,
    "first_answer_deadline": 5.0,
}


class Running:
    """A federation with its threads."""

    def __init__(self, members: dict[str, FakeBackend], directory: Path, **times: float) -> None:
        self.adapter = WsgiAdapter({f"http://{name}.test": app for name, app in members.items()})
        settings = read(
            {
                "backends": {name: {"url": f"http://{name}.test/openeo"} for name in members},
                "data_directory": str(directory),
                "upstream": QUICK | times,
            }
        )
        self.app = create_app(settings, transport=lambda: self.adapter)
        self.federation: Federation = self.app.extensions["federation"]
        self.view: View = self.federation.view(None)

    def ids(self) -> list[str]:
        """The listed collections."""
        found = self.app.test_client().get("/collections").json
        assert found is not None
        return [collection["id"] for collection in found["collections"]]


@pytest.fixture
def running(tmp_path: Path) -> Iterator[Running]:
    members = {"terra": backend("terra"), "aurora": backend("aurora", ("S1",))}
    found = Running(members, tmp_path)
    yield found
    found.federation.stop()


def until(condition: Callable[[], bool], seconds: float = 30.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.01)


def test_the_first_request_after_a_start_sees_every_backend(running: Running) -> None:
    assert running.ids() == ["S2", "S1"]


def test_what_the_first_request_asks_for_is_made_before_it_comes(running: Running) -> None:
    made: list[str] = []
    rebuild = Shelf.rebuild

    def noted(shelf: Shelf, known: Any) -> None:
        rebuild(shelf, known)
        made.append(threading.current_thread().name)

    with mock.patch.object(Shelf, "rebuild", noted):
        running.federation.start()
        until(lambda: made != [])
        assert running.ids() == ["S2", "S1"]
    assert threading.current_thread().name not in made


def test_a_start_that_is_undone_at_once_leaves_nothing_behind(tmp_path: Path) -> None:
    hanging = threading.Event()
    slow = backend("terra", answers={"GET /": lambda _: hanging.wait(20)})
    found = Running({"terra": slow}, tmp_path, first_answer_deadline=20.0)
    found.federation.start()
    (thread,) = [one for one in threading.enumerate() if one.name == "beginning"]
    hanging.set()
    found.federation.stop()
    assert not thread.is_alive()


def test_a_change_at_a_backend_is_seen_without_any_request(running: Running) -> None:
    running.ids()
    terra: Any = running.adapter.apps["http://terra.test"]
    terra.answers["GET /collections"] = {"collections": [{"id": "NEW"}], "links": []}
    until(lambda: running.ids() == ["NEW", "S1"])


def test_an_unchanged_page_is_made_once(running: Running) -> None:
    running.ids()
    first = running.federation.catalogue.page("collections", running.view)
    time.sleep(0.3)
    assert running.federation.catalogue.page("collections", running.view) is first


def test_a_recovered_backend_is_back_within_seconds(running: Running) -> None:
    running.ids()
    client = running.app.test_client()

    def missing() -> Any:
        found = client.get("/collections").json
        assert found is not None
        return found.get("federation:missing")

    running.adapter.down.add("http://aurora.test")
    until(lambda: missing() == ["aurora"])
    running.adapter.down.clear()
    until(lambda: missing() is None)


def test_no_request_of_a_user_fetches_metadata(running: Running) -> None:
    running.ids()
    client = running.app.test_client()
    asked_by: set[str] = set()
    send = running.adapter.send

    def noted(*args: Any, **kw: Any) -> Any:
        asked_by.add(threading.current_thread().name)
        return send(*args, **kw)

    running.adapter.send = noted  # type: ignore[method-assign]
    for path in ("/", "/collections", "/processes", "/file_formats", "/service_types"):
        client.get(path)
    time.sleep(0.2)
    assert asked_by and all(name.startswith("snapshots-") for name in asked_by)


def test_the_threads_end_with_the_federation(running: Running) -> None:
    running.ids()
    running.federation.stop()
    names = [thread.name for thread in threading.enumerate()]
    assert not [name for name in names if name.startswith(("snapshots-", "catalogue"))]


def test_a_hanging_backend_holds_the_first_request_only_until_its_deadline(
    tmp_path: Path,
) -> None:
    release = threading.Event()

    def hang(call: Any) -> Any:
        release.wait(20)
        return {}

    members = {"terra": backend("terra"), "slow": FakeBackend({"GET *": hang})}
    running = Running(members, tmp_path, first_answer_deadline=0.5)
    started = time.monotonic()
    try:
        assert running.ids() == ["S2"]
        assert time.monotonic() - started < 10
    finally:
        release.set()
        running.federation.stop()
