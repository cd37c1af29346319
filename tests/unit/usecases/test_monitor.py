"""The monitor: one runner, each member in its time, nothing counted twice or made up."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from aggregator.errors import DatabaseUnavailable
from aggregator.health.observations import Observation
from aggregator.moments import day_start, month_bounds
from aggregator.settings import Availability
from aggregator.storage.database import Database
from aggregator.storage.lease import Lease
from aggregator.storage.observations import read_days, read_observations
from aggregator.usecases.contract import policy_of
from aggregator.usecases.monitor import Monitor
from aggregator.usecases.record import Record
from tests.fakes.clock import Clock
from tests.fakes.health import probes

NOON = day_start("2026-03-14") / 1000 + 43_200
SETTINGS = Availability(interval=300.0, jitter=0.0)


class Times:
    """A wall clock and a monotonic one that go together unless one is set."""

    def __init__(self) -> None:
        self.wall, self.monotonic = Clock(NOON), Clock(1000.0)

    def advance(self, seconds: float) -> None:
        self.wall.advance(seconds)
        self.monotonic.advance(seconds)


class Scripted:
    """A member that answers when it is let to."""

    def __init__(self, backend: str, wall: Clock) -> None:
        self.backend, self._wall = backend, wall
        self.asked = 0
        self.answers = threading.Event()
        self.answers.set()

    def probe(self) -> Observation:
        self.asked += 1
        at = round(self._wall() * 1000)
        assert self.answers.wait(30)
        return Observation(self.backend, at, True, 80, 200)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = Database(f"sqlite:///{tmp_path}/federation.sqlite")
    yield opened
    opened.dispose()


def monitor_of(
    database: Database,
    times: Times,
    *members: Scripted,
    holder: str = "one",
    settings: Availability = SETTINGS,
    chance: Callable[[], float] = lambda: 0.0,
) -> Monitor:
    record = Record(database, policy_of(settings))
    return Monitor(
        members,
        record,
        Lease(database, "monitor", holder, 30),
        settings,
        clock=times.wall,
        monotonic=times.monotonic,
        chance=chance,
    )


def until(condition: Callable[[], bool], seconds: float = 30) -> None:
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.005)


def settled(monitor: Monitor) -> None:
    """Step until every probe under way has come to an end and is written."""
    monitor.step()
    until(lambda: all(future.done() for future in monitor._pending.values()))
    monitor.step()


def moments(database: Database, backend: str = "terra") -> list[float]:
    """When it was seen, in seconds since noon."""
    with database.read() as connection:
        return [o.at / 1000 - NOON for o in read_observations(connection, backend, 0)]


def test_each_member_is_probed_at_its_interval(database: Database) -> None:
    times = Times()
    terra = Scripted("terra", times.wall)
    monitor = monitor_of(database, times, terra)
    for _ in range(12 * 10 + 1):
        settled(monitor)
        times.advance(30)
    assert moments(database) == [300.0 * i for i in range(13)]
    monitor.close()


def test_jitter_spreads_probes_and_does_not_add_up(database: Database) -> None:
    times = Times()
    draws = iter([0.5, 1.0, 0.0, 0.25] * 100)
    settings = Availability(interval=300.0, jitter=0.1)
    monitor = monitor_of(
        database,
        times,
        Scripted("terra", times.wall),
        settings=settings,
        chance=lambda: next(draws),
    )
    for _ in range(1400):
        settled(monitor)
        times.advance(1)
    assert moments(database) == [0.0, 315.0, 630.0, 900.0, 1208.0]
    monitor.close()


def test_no_member_delays_another(database: Database) -> None:
    times = Times()
    slow, quick = Scripted("slow", times.wall), Scripted("quick", times.wall)
    slow.answers.clear()
    monitor = monitor_of(database, times, slow, quick)
    for _ in range(4):
        monitor.step()
        until(lambda: monitor._pending.get("quick") is None or monitor._pending["quick"].done())
        monitor.step()
        times.advance(300)
    assert moments(database, "quick") == [0.0, 300.0, 600.0, 900.0]
    assert (slow.asked, moments(database, "slow")) == (1, [])
    slow.answers.set()
    until(monitor._pending["slow"].done)
    monitor.step()
    assert moments(database, "slow") == [0.0]
    monitor.close()


def test_who_has_no_lease_probes_nothing(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level("INFO", "aggregator.usecases.monitor")
    times = Times()
    first, second = Scripted("terra", times.wall), Scripted("terra", times.wall)
    one, two = monitor_of(database, times, first), monitor_of(database, times, second, holder="two")
    settled(one)
    settled(two)
    assert (one.holds, two.holds, second.asked) == (True, False, 0)
    assert caplog.messages == [
        "monitoring 1 members",
        "another monitor probes the members; this one stands by",
    ]
    one.close()
    times.advance(60)
    settled(two)
    assert two.holds
    two.close()


def test_a_new_runner_goes_on_where_the_last_one_stopped(database: Database) -> None:
    times = Times()
    one = monitor_of(database, times, Scripted("terra", times.wall))
    settled(one)
    one.close()
    times.advance(100)
    two = monitor_of(database, times, Scripted("terra", times.wall), holder="two")
    for _ in range(10):
        settled(two)
        times.advance(50)
    assert moments(database) == [0.0, 300.0]
    two.close()


def test_a_runner_that_lost_the_lease_while_it_slept_writes_nothing(database: Database) -> None:
    times = Times()
    terra = Scripted("terra", times.wall)
    sleepy = monitor_of(database, times, terra)
    terra.answers.clear()
    sleepy.step()
    Lease(database, "monitor", "one", 30).release()
    assert Lease(database, "monitor", "two", 30).acquire()
    terra.answers.set()
    until(sleepy._pending["terra"].done)
    sleepy.step()
    assert not sleepy.holds
    assert moments(database) == []
    sleepy.close()


def test_what_was_missed_in_a_pause_is_no_data(database: Database) -> None:
    times = Times()
    monitor = monitor_of(database, times, Scripted("terra", times.wall))
    settled(monitor)
    times.advance(3600 * 5)
    settled(monitor)
    for _ in range(4):
        times.advance(150)
        settled(monitor)
    assert moments(database) == [0.0, 18_000.0, 18_300.0, 18_600.0]
    monitor.close()


@pytest.mark.parametrize("jump", [86_400 * 40, -86_400 * 40])
def test_a_clock_that_jumps_records_nothing_and_closes_no_month(
    database: Database, jump: float
) -> None:
    times = Times()
    monitor = monitor_of(database, times, Scripted("terra", times.wall))
    for _ in range(5):
        settled(monitor)
        times.advance(300)
    times.wall.advance(jump)
    for _ in range(2):
        settled(monitor)
        times.advance(299)
    times.wall.advance(-jump)
    for _ in range(8):
        settled(monitor)
        times.advance(300)
    assert all(0 <= at < 86_400 for at in moments(database))
    assert len(moments(database)) == 5 + 6
    with database.read() as connection:
        days = read_days(connection, "2000-01-01", "2100-01-01")
    assert [day.day for day in days] == ["2026-03-14"]
    monitor.close()


def test_months_are_closed_once_the_clock_is_steady(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    start, end = month_bounds("2026-02")
    Record(database, policy_of(SETTINGS)).observe(probes(start, end))
    times = Times()
    monitor = monitor_of(database, times, Scripted("terra", times.wall))
    closed = "SELECT count(*) FROM health_month"
    counts = []
    for _ in range(4):
        settled(monitor)
        with database.read() as connection:
            counts.append(connection.exec_driver_sql(closed).scalar_one())
        times.advance(300)
    assert counts == [0, 0, 1, 1]
    monitor.close()


def test_what_was_seen_while_the_database_was_away_is_written_later(
    database: Database, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    times = Times()
    terra = Scripted("terra", times.wall)
    monitor = monitor_of(database, times, terra)
    terra.answers.clear()
    monitor.step()
    database.dispose()
    files = [path for path in tmp_path.iterdir() if path.name.startswith("federation.sqlite")]
    for file in files:
        file.rename(tmp_path / f"away-{file.name}")
    (tmp_path / "federation.sqlite").mkdir()
    terra.answers.set()
    until(monitor._pending["terra"].done)
    with pytest.raises(DatabaseUnavailable):
        monitor.step()
    (tmp_path / "federation.sqlite").rmdir()
    for file in files:
        (tmp_path / f"away-{file.name}").rename(file)
    monitor.step()
    assert moments(database) == [0.0]
    assert "the database cannot be used" in caplog.text
    monitor.close()


def test_a_probe_that_fails_by_our_own_fault_says_nothing(
    database: Database, caplog: pytest.LogCaptureFixture
) -> None:
    times = Times()

    class Broken(Scripted):
        def probe(self) -> Observation:
            raise RuntimeError("ours")

    monitor = monitor_of(database, times, Broken("terra", times.wall))
    settled(monitor)
    assert moments(database) == []
    assert "probing terra failed" in caplog.text
    monitor.close()
