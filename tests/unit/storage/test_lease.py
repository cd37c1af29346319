"""One holder at a time, by the database's clock."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from aggregator.storage.database import Database
from aggregator.storage.health_schema import lease as table
from aggregator.storage.lease import Lease


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    opened = Database(url)
    yield opened
    opened.dispose()


def expiry(database: Database) -> int:
    with database.read() as connection:
        return int(connection.execute(table.select()).one().expires)


def test_it_is_renewed_by_its_holder_alone(database: Database) -> None:
    one, two = (Lease(database, "monitor", holder, 30) for holder in ("one", "two"))
    assert one.acquire()
    first = expiry(database)
    assert not two.acquire()
    assert one.acquire()
    assert expiry(database) >= first


def test_leases_of_different_names_do_not_meet(database: Database) -> None:
    assert Lease(database, "monitor", "one", 30).acquire()
    assert Lease(database, "settlement", "two", 30).acquire()


def test_an_expired_one_is_taken_and_its_holder_notices(database: Database) -> None:
    one, two = Lease(database, "monitor", "one", 0.2), Lease(database, "monitor", "two", 30)
    assert one.acquire()
    until = time.monotonic() + 10
    while not two.acquire():
        assert time.monotonic() < until
    with database.write() as connection:
        assert not one.held(connection)
        assert two.held(connection)
    assert not one.acquire()


def test_giving_it_up_frees_it_at_once_and_only_ones_own(database: Database) -> None:
    one, two = Lease(database, "monitor", "one", 30), Lease(database, "monitor", "two", 30)
    assert one.acquire()
    two.release()
    assert not two.acquire()
    one.release()
    assert two.acquire()


def test_one_that_was_made_before_the_clock_went_back_is_taken(database: Database) -> None:
    one, two = Lease(database, "monitor", "one", 30), Lease(database, "monitor", "two", 30)
    assert one.acquire()
    with database.write() as connection:
        connection.execute(table.update().values(expires=table.c.expires + 86_400_000))
    assert two.acquire()
