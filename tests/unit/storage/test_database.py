"""How the databases are opened."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DatabaseError

from aggregator.storage.ledger import Ledger
from aggregator.storage.schema import metadata
from aggregator.storage.verification import balances
from tests.unit.ledger.documents import MARCH, grant


def test_what_is_committed_is_on_disk(ledger: Ledger) -> None:
    settings: dict[bool, dict[str, object]] = {
        True: {"PRAGMA synchronous": 2, "PRAGMA journal_mode": "wal", "PRAGMA foreign_keys": 1},
        False: {"SHOW synchronous_commit": "on", "SHOW lock_timeout": "30s"},
    }
    asked = settings[ledger.database.sqlite]
    with ledger.database.write() as connection:
        told = {one: connection.execute(text(one)).scalar_one() for one in asked}
    assert told == asked


def test_a_transaction_that_fails_leaves_nothing(ledger: Ledger) -> None:
    with pytest.raises(RuntimeError), ledger.database.write() as connection:
        connection.execute(
            metadata.tables["membership"].insert(),
            {"person": "a", "wallet": "organisation/7", "standing": "member", "at": MARCH},
        )
        raise RuntimeError
    assert ledger.member("a").wallets == frozenset()


def test_making_the_tables_again_keeps_what_is_there(ledger: Ledger) -> None:
    ledger.grant(grant("g", 5))
    before = balances(ledger.database)
    ledger.database.create()
    assert balances(ledger.database) == before


def test_the_view_for_reading_cannot_write_in_sqlite(ledger: Ledger) -> None:
    if not ledger.database.sqlite:
        pytest.skip("PostgreSQL has one engine for both")
    with (
        pytest.raises(DatabaseError, match="readonly"),
        ledger.database.read() as connection,
    ):
        connection.execute(
            metadata.tables["membership"].insert(),
            {"person": "a", "wallet": "organisation/7", "standing": "member", "at": MARCH},
        )
