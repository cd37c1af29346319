"""The record of what users agreed to: it only grows, and every process reads the same."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from sqlalchemy import delete, update
from sqlalchemy.exc import DBAPIError

from aggregator.identity.consent import Consent, Event, next_event
from aggregator.storage.consent_schema import consent_event
from aggregator.storage.consents import Consents
from aggregator.storage.database import Database

AGREED, WITHDRAWN = Event("agreed", "1", 1000), Event("withdrawn", "1", 2000)


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    opened = Database(url)
    yield opened
    opened.dispose()


def test_what_a_user_did_is_read_in_its_order_by_every_process(
    database: Database, url: str
) -> None:
    here, elsewhere = Consents(database), Database(url)
    for event in (AGREED, WITHDRAWN):
        here.add("https://id", "u-1", lambda _, event=event: event)  # type: ignore[misc]
        assert Consents(elsewhere).last("https://id", "u-1") == event
    assert Consents(elsewhere).record("https://id", "u-1") == [AGREED, WITHDRAWN]
    elsewhere.dispose()


def test_the_same_name_at_another_issuer_is_another_user(database: Database) -> None:
    consents = Consents(database)
    consents.add("https://id", "alice", lambda _: AGREED)
    assert consents.last("https://other", "alice") is None
    assert consents.last("", "alice") is None
    assert consents.record("https://id", "Alice") == []


def test_many_clicks_at_once_are_recorded_once(database: Database) -> None:
    consents = Consents(database)

    def agree(_: int) -> None:
        consents.add("i", "u", lambda last: next_event(Consent("1", last), "agreed", 1000))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(agree, range(24)))
    assert consents.record("i", "u") == [AGREED]


def test_what_is_nothing_is_not_recorded(database: Database) -> None:
    Consents(database).add("i", "u", lambda _: None)
    assert Consents(database).record("i", "u") == []


def test_the_database_itself_refuses_to_change_or_forget_what_was_agreed(
    database: Database,
) -> None:
    consents = Consents(database)
    consents.add("i", "u", lambda _: AGREED)
    for statement in (delete(consent_event), update(consent_event).values(version="2")):
        with pytest.raises(DBAPIError, match="append-only"), database.write() as connection:
            connection.execute(statement)
    assert consents.record("i", "u") == [AGREED]
