"""Webhooks are told of each event, again and again if need be, over crashes."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from typing import Any

import orjson
import pytest
from sqlalchemy import select

from aggregator.storage.database import Database
from aggregator.storage.events import Event, write_event
from aggregator.storage.health_schema import delivery
from aggregator.storage.lease import Lease
from aggregator.upstream.webhooks import NotTold
from aggregator.usecases.messenger import PAUSES, Messenger
from tests.fakes.clock import Clock

ONE, TWO = "https://one.example/hook", "https://two.example/hook"


class Scripted:
    """Webhooks that note what they are told, and fail while they are to."""

    def __init__(self) -> None:
        self.told: list[tuple[str, Any]] = []
        self.failing: set[str] = set()
        self.stuck = threading.Event()
        self.stuck.set()

    def tell(self, url: str, identifier: str, body: bytes, now: int) -> None:
        assert url != ONE or self.stuck.wait(30)
        self.told.append((url, orjson.loads(body)["data"]["title"]))
        if url in self.failing:
            raise NotTold("it answered with status 500")


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    opened = Database(url)
    yield opened
    opened.dispose()


def happen(database: Database, *titles: str, targets: tuple[str, ...] = (ONE,)) -> None:
    with database.write() as connection:
        for title in titles:
            write_event(connection, Event(1000, "standing", "terra", title), targets)


def messenger_of(
    database: Database,
    webhooks: Scripted,
    clock: Clock,
    targets: tuple[str, ...] = (ONE, TWO),
    holder: str = "one",
) -> Messenger:
    lease = Lease(database, "webhooks", holder, 30)
    return Messenger(database, webhooks, targets, lease, clock=clock)


def steps(messenger: Messenger, count: int = 1) -> None:
    for _ in range(count):
        messenger.step()
        messenger.settle(30)


def queue(database: Database) -> list[tuple[int, bool, str]]:
    """Attempts, whether it is done, and the last problem, of each delivery."""
    with database.read() as connection:
        rows = connection.execute(select(delivery)).all()
    return [(row.attempts, row.done is not None, row.problem) for row in rows]


def test_each_event_is_told_once_to_each(database: Database) -> None:
    webhooks, clock = Scripted(), Clock()
    happen(database, "a", "b", targets=(ONE, TWO))
    messenger = messenger_of(database, webhooks, clock)
    steps(messenger, 4)
    assert sorted(webhooks.told) == [(ONE, "a"), (ONE, "b"), (TWO, "a"), (TWO, "b")]
    assert queue(database) == [(1, True, "")] * 4
    messenger.close()


def test_one_that_fails_is_tried_again_later_and_later_and_given_up(database: Database) -> None:
    webhooks, clock = Scripted(), Clock()
    webhooks.failing = {ONE}
    happen(database, "a")
    messenger = messenger_of(database, webhooks, clock)
    steps(messenger, 3)
    assert len(webhooks.told) == 1
    for attempts, pause in enumerate(PAUSES, start=2):
        clock.advance(pause - 1)
        steps(messenger)
        assert len(webhooks.told) == attempts - 1
        clock.advance(1)
        steps(messenger)
        assert len(webhooks.told) == attempts
    clock.advance(10**7)
    steps(messenger)
    assert queue(database) == [(len(PAUSES) + 1, False, "it answered with status 500")]
    messenger.close()


def test_one_that_recovers_is_told(database: Database) -> None:
    webhooks, clock = Scripted(), Clock()
    webhooks.failing = {ONE}
    happen(database, "a")
    messenger = messenger_of(database, webhooks, clock)
    steps(messenger)
    webhooks.failing.clear()
    clock.advance(PAUSES[0])
    steps(messenger)
    assert queue(database) == [(2, True, "")]
    messenger.close()


def test_no_webhook_delays_another(database: Database) -> None:
    webhooks, clock = Scripted(), Clock()
    webhooks.stuck.clear()
    happen(database, "a", "b", targets=(ONE, TWO))
    messenger = messenger_of(database, webhooks, clock)
    two = [(TWO, "a"), (TWO, "b")]
    for _ in range(1000):
        messenger.step()
        if webhooks.told == two:
            break
        messenger._wake.wait(0.05)
    assert webhooks.told == two
    webhooks.stuck.set()
    messenger.settle(30)
    messenger.close()


def test_much_that_one_is_to_be_told_yet_delays_no_other(database: Database) -> None:
    webhooks, clock = Scripted(), Clock()
    webhooks.stuck.clear()
    happen(database, *(f"to one {number}" for number in range(120)))
    happen(database, "to two", targets=(TWO,))
    messenger = messenger_of(database, webhooks, clock)
    for _ in range(200):
        messenger.step()
        if webhooks.told:
            break
        messenger._wake.wait(0.05)
    assert webhooks.told == [(TWO, "to two")]
    webhooks.stuck.set()
    messenger.settle(30)
    messenger.close()


def test_what_was_put_off_before_the_clock_was_set_back_is_told(database: Database) -> None:
    webhooks, clock = Scripted(), Clock()
    webhooks.failing = {ONE}
    happen(database, "a")
    messenger = messenger_of(database, webhooks, clock)
    clock.advance(10**8)
    steps(messenger)
    webhooks.failing.clear()
    clock.advance(-(10**8))
    steps(messenger)
    assert queue(database) == [(2, True, "")]
    messenger.close()


def test_a_crash_before_it_was_noted_tells_again_and_loses_nothing(database: Database) -> None:
    webhooks, clock = Scripted(), Clock()
    happen(database, "a", "b")
    first = messenger_of(database, webhooks, clock)
    first.step()
    for _, future in first._under_way.values():
        future.result(30)
    # It ends here, without noting that "a" was told.
    Lease(database, "webhooks", "one", 30).release()
    second = messenger_of(database, webhooks, clock, holder="two")
    steps(second, 3)
    assert [title for _, title in webhooks.told] == ["a", "a", "b"]
    assert queue(database) == [(1, True, ""), (1, True, "")]
    first.close()
    second.close()


def test_of_several_programs_one_tells(database: Database) -> None:
    webhooks, clock = Scripted(), Clock()
    happen(database, "a")
    assert Lease(database, "webhooks", "other", 30).acquire()
    messenger = messenger_of(database, webhooks, clock)
    steps(messenger, 2)
    assert webhooks.told == []
    messenger.close()


def test_one_that_is_no_longer_configured_is_given_up(database: Database) -> None:
    webhooks, clock = Scripted(), Clock()
    happen(database, "a")
    messenger = messenger_of(database, webhooks, clock, targets=(TWO,))
    steps(messenger, 2)
    assert webhooks.told == []
    assert queue(database) == [(1, False, "It is no longer among the webhooks.")]
    messenger.close()
