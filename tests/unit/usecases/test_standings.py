"""How members stand, taken from the record to what is known of them."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from aggregator.app import create_app
from aggregator.settings import read
from aggregator.storage.observations import read_tracks
from aggregator.usecases.federation import Federation
from tests.fakes.backends import FakeBackend
from tests.fakes.transports import WsgiAdapter

CAPABILITIES = {"api_version": "1.3.0", "endpoints": [], "links": []}


def federation(tmp_path: Path, **availability: object) -> Federation:
    """A federation whose background threads may be started."""
    app = FakeBackend({"GET /": CAPABILITIES}, root="/1.3")
    document = {
        "backends": {"terra": {"url": "http://terra.test/1.3"}},
        "data_directory": str(tmp_path),
        "availability": availability,
    }
    adapter = WsgiAdapter({"http://terra.test": app})
    made = create_app(read(document), transport=lambda: adapter)
    found: Federation = made.extensions["federation"]
    return found


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 30
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_a_decision_in_the_record_reaches_a_process_that_runs(tmp_path: Path) -> None:
    one, other = federation(tmp_path), federation(tmp_path)
    one.availability.start()
    other.availability.operations.decide("terra", "exclude", "Down.", by="olga")
    until(lambda: one.snapshots.current()["terra"].excluded != "")
    one.availability.stop()


def test_who_is_excluded_is_known_before_the_first_request(tmp_path: Path) -> None:
    federation(tmp_path).availability.operations.decide("terra", "exclude", "Down.", by="olga")
    started = federation(tmp_path)
    started.availability.start()
    assert started.snapshots.current()["terra"].excluded.endswith(": Down")
    started.availability.stop()


def test_without_the_database_what_was_known_stays(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    found = federation(tmp_path)
    found.availability.operations.decide("terra", "exclude", "Down.", by="olga")
    found.availability.standings.refresh()
    found.database.dispose()
    (tmp_path / "federation.sqlite").unlink()
    (tmp_path / "federation.sqlite").mkdir()
    found.availability.start()
    assert found.snapshots.current()["terra"].excluded != ""
    assert "the database cannot be used" in caplog.text
    found.availability.stop()


def test_the_monitor_runs_inside_if_it_is_to(tmp_path: Path) -> None:
    found = federation(tmp_path, runs_inside=True, interval=0.2, deadline=0.2, jitter=0.0)
    found.availability.start()
    found.availability.start()
    names = [thread.name for thread in threading.enumerate()]
    assert (names.count("monitor"), names.count("standings")) == (1, 1)

    def probed() -> int:
        with found.database.read() as connection:
            track = read_tracks(connection).get("terra")
        return track.row if track else 0

    until(lambda: probed() >= 3)
    found.availability.stop()
    assert "monitor" not in [thread.name for thread in threading.enumerate()]


def test_the_monitor_runs_elsewhere_by_default(tmp_path: Path) -> None:
    found = federation(tmp_path)
    found.availability.start()
    assert "monitor" not in [thread.name for thread in threading.enumerate()]
    found.availability.stop()
