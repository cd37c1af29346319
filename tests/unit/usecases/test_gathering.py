"""What policies rank by is gathered in the background, and forgotten when it is old."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest

from aggregator.errors import DatabaseUnavailable
from aggregator.health.observations import Observation
from aggregator.health.policy import Policy
from aggregator.health.uptime import Uptime
from aggregator.ledger.events import Hold
from aggregator.settings import read
from aggregator.storage.ledger import Ledger, open_ledger
from aggregator.usecases.gathering import Gathering
from aggregator.usecases.record import Record
from aggregator.usecases.rounds import Threads
from aggregator.usecases.turns import Turns
from tests.fakes.clock import Clock
from tests.unit.ledger.documents import DAY, MARCH, grant, tariffs

SETTINGS = read(
    {"backends": {name: {"url": f"http://{name}.test"} for name in ("terra", "aurora")}}
)
HOLD = Hold("batch/terra/j-1", "user/alice", "terra", 3000, MARCH, MARCH + DAY, "j-1", "alice")


@pytest.fixture
def ledger(url: str) -> Iterator[Ledger]:
    opened = open_ledger(url, tariffs())
    opened.grant(grant("g", 100))
    yield opened
    opened.database.dispose()


class Watched:
    """A gathering with the clocks that it reads."""

    def __init__(self, ledger: Ledger, counted: tuple[str, ...] = ("terra", "aurora")) -> None:
        self.timer = Clock(0.0)
        self.gathering = Gathering(
            SETTINGS,
            ledger.database,
            frozenset(counted),
            Clock((MARCH + 1000) / 1000),
            self.timer,
        )


def test_nothing_is_known_before_the_first_look(ledger: Ledger) -> None:
    gathering = Watched(ledger).gathering
    assert (gathering.queues(), gathering.uptimes()) == ({}, {})


def test_a_member_without_work_has_a_queue_of_none_and_one_that_is_not_counted_has_no_queue(
    ledger: Ledger,
) -> None:
    ledger.hold(HOLD)
    watched = Watched(ledger)
    watched.gathering.refresh()
    assert watched.gathering.queues() == {"terra": 1, "aurora": 0}
    elsewhere = Watched(ledger, ("aurora",)).gathering
    elsewhere.refresh()
    assert elsewhere.queues() == {"aurora": 0}


def test_work_that_is_given_away_counts_at_once_and_only_once_when_it_is_seen(
    ledger: Ledger,
) -> None:
    watched = Watched(ledger)
    watched.gathering.refresh()
    watched.timer.now = 1.0
    watched.gathering.given("terra", held=True)
    assert watched.gathering.queues()["terra"] == 1
    ledger.hold(HOLD)
    watched.timer.now = 5.0
    watched.gathering.refresh()
    assert watched.gathering.queues()["terra"] == 1


def test_a_job_that_is_only_created_counts_for_a_minute(ledger: Ledger) -> None:
    watched = Watched(ledger)
    watched.gathering.given("aurora", held=False)
    for now, expected in ((0.0, 1), (55.0, 1), (65.0, 0)):
        watched.timer.now = now
        watched.gathering.refresh()
        assert watched.gathering.queues()["aurora"] == expected


def test_work_for_a_member_that_is_not_counted_changes_nothing(ledger: Ledger) -> None:
    gathering = Watched(ledger, ("aurora",)).gathering
    gathering.refresh()
    gathering.given("terra", held=True)
    assert gathering.queues() == {"aurora": 0}


def test_what_could_not_be_read_for_a_minute_is_not_known(ledger: Ledger) -> None:
    watched = Watched(ledger)
    watched.gathering.refresh()
    watched.timer.now = 59.0
    assert watched.gathering.queues() != {}
    watched.timer.now = 61.0
    assert watched.gathering.queues() == {}


def test_probes_of_thirty_days_are_read_once_a_minute(ledger: Ledger) -> None:
    record = Record(ledger.database, Policy())
    watched = Watched(ledger)

    def probe(at: int, up: bool) -> None:
        record.observe([Observation("terra", at, up, 50, 200 if up else None)])

    probe(MARCH - 31 * DAY, False)
    probe(MARCH - 20 * DAY, True)
    watched.gathering.refresh()
    assert watched.gathering.uptimes() == {"terra": Uptime(1, 1)}
    probe(MARCH, False)
    watched.timer.now = 30.0
    watched.gathering.refresh()
    assert watched.gathering.uptimes() == {"terra": Uptime(1, 1)}
    watched.timer.now = 60.0
    watched.gathering.refresh()
    assert watched.gathering.uptimes() == {"terra": Uptime(1, 2)}


def test_without_the_database_it_goes_on_and_knows_nothing_after_a_while(
    ledger: Ledger, monkeypatch: pytest.MonkeyPatch
) -> None:
    watched = Watched(ledger)
    watched.gathering.refresh()

    def unavailable() -> None:
        raise DatabaseUnavailable

    monkeypatch.setattr(ledger.database, "read", unavailable)
    with pytest.raises(DatabaseUnavailable):
        watched.gathering.refresh()
    assert watched.gathering.queues() != {}
    watched.timer.now = 3600.0
    assert (watched.gathering.queues(), watched.gathering.uptimes()) == ({}, {})


def test_it_looks_by_itself_between_start_and_stop(ledger: Ledger) -> None:
    ledger.hold(HOLD)
    settings = replace(SETTINGS, routing=replace(SETTINGS.routing, load_interval=0.05))
    gathering = Gathering(
        settings, ledger.database, frozenset(["terra"]), Clock((MARCH + 1000) / 1000)
    )
    background = Threads(gathering)
    background.start()
    background.start()
    deadline = threading.Event()
    for _ in range(400):
        if gathering.queues() == {"terra": 1}:
            break
        deadline.wait(0.02)
    background.stop()
    assert gathering.queues() == {"terra": 1}
    assert "gathering" not in [thread.name for thread in threading.enumerate()]


def test_no_two_threads_get_the_same_turn() -> None:
    turns, found = Turns(), list[int]()

    def take() -> None:
        found.extend(turns.take(("terra", "aurora")) for _ in range(500))

    threads = [threading.Thread(target=take) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(found) == list(range(4000))
    assert turns.look(("terra", "aurora")) == 4000


def test_each_choice_has_turns_of_its_own() -> None:
    turns = Turns()
    assert [turns.take(("terra", "aurora")), turns.take(("terra", "boreal"))] == [0, 0]
    assert turns.take(("terra", "aurora")) == 1
    assert turns.look(("aurora", "boreal")) == 0
