"""What the database itself refuses, whoever asks."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from sqlalchemy import Connection, create_engine, text
from sqlalchemy.exc import DatabaseError, IntegrityError

from aggregator.ledger.events import Hold
from aggregator.ledger.reports import read_resources
from aggregator.storage.ledger import open_ledger
from aggregator.storage.metadata import append_only_tables
from aggregator.storage.verification import balances, verify
from tests.unit.ledger.documents import DAY, MARCH, grant, resources, tariffs
from tests.unit.storage.conftest import postgresql_schema

COLUMN = {"closing": "reason", "credit_grant": "note", "debtor": "wallet", "hold": "wallet"} | {
    "membership": "wallet",
    "misnaming": "starter",
    "posting": "amount",
    "subscriber": "subscriptions",
    "transfer": "reason",
    "usage_report": "charged",
}


def test_these_are_all_tables_in_which_nothing_changes() -> None:
    ledger = {table.name for table in append_only_tables() if table.name in COLUMN}
    assert ledger == set(COLUMN)


@pytest.fixture(scope="module", params=["sqlite", "postgresql"])
def books(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[str]:
    """The URL of books in which every table has rows. No test here gets anything in or out."""
    if request.param == "sqlite":
        urls = iter([f"sqlite:///{tmp_path_factory.mktemp('books')}/ledger.sqlite"])
    else:
        urls = postgresql_schema()
    for url in urls:
        ledger = open_ledger(url, tariffs())
        ledger.welcome("alice", ["general"], MARCH)
        ledger.join("alice", "organisation/7", MARCH)
        ledger.grant(grant("g", 5))
        ledger.hold(Hold("h", "user/alice", "terra", 5, MARCH, MARCH + DAY, job="x", user="alice"))
        ledger.release("h", MARCH)
        ledger.report(read_resources(resources(userId="bob")), "terra-accounting", MARCH)
        named = resources(userId="bob", jobId="x", idempotencyKey="named")
        ledger.hold(Hold("h2", "user/alice", "terra", 5, MARCH, MARCH + DAY, "x", "alice"))
        ledger.report(read_resources(named), "terra-accounting", MARCH)
        before = balances(ledger.database)
        yield url
        assert verify(ledger.database) == []
        assert balances(ledger.database) == before
        ledger.database.dispose()


@pytest.fixture
def stranger(books: str) -> Iterator[Connection]:
    """A connection that knows nothing of our care."""
    engine = create_engine(books)
    with engine.connect() as connection:
        yield connection
    engine.dispose()


@pytest.mark.parametrize("table", sorted(COLUMN))
def test_no_row_is_ever_changed_or_deleted(stranger: Connection, table: str) -> None:
    assert stranger.execute(text(f"SELECT count(*) FROM {table}")).scalar_one() > 0
    stranger.rollback()
    column = COLUMN[table]
    for statement in (f"UPDATE {table} SET {column} = {column}", f"DELETE FROM {table}"):
        with pytest.raises(DatabaseError, match="append-only"):
            stranger.execute(text(statement))
        stranger.rollback()


@pytest.mark.parametrize("table", sorted(COLUMN))
def test_no_row_is_ever_replaced_or_truncated(stranger: Connection, table: str) -> None:
    if stranger.dialect.name == "sqlite":
        statement = f"INSERT OR REPLACE INTO {table} SELECT * FROM {table}"
    else:
        statement = f"TRUNCATE {table} CASCADE"
    with pytest.raises(DatabaseError, match=r"append-only|takes no postings"):
        stranger.execute(text(statement))


def post(connection: Connection, *rows: str) -> None:
    for row in rows:
        connection.execute(
            text(f"INSERT INTO posting (transfer, account, amount, sequence, balance) {row}")
        )


def seal(connection: Connection, number: int = 900, key: str = "grant/x") -> None:
    connection.execute(
        text(
            "INSERT INTO transfer (id, key, event, at) "
            f"VALUES ({number}, '{key}', 'grant', {MARCH})"
        )
    )


def test_a_transfer_whose_postings_sum_to_zero_is_taken(stranger: Connection) -> None:
    post(
        stranger,
        "VALUES (900, 'issued', -7, NULL, NULL)",
        "VALUES (900, 'grant:x', 7, 1, 7)",
    )
    seal(stranger)
    stranger.rollback()


@pytest.mark.parametrize("amount", [6, 8, -7])
def test_a_transfer_that_does_not_sum_to_zero_is_refused(stranger: Connection, amount: int) -> None:
    post(
        stranger,
        "VALUES (900, 'issued', -7, NULL, NULL)",
        f"VALUES (900, 'revenue:terra', {amount}, NULL, NULL)",
    )
    with pytest.raises(DatabaseError, match="must sum to zero"):
        seal(stranger)


def test_a_transfer_without_postings_is_refused(stranger: Connection) -> None:
    with pytest.raises(DatabaseError, match="must sum to zero"):
        seal(stranger)


def test_a_transfer_takes_no_postings_afterwards(stranger: Connection) -> None:
    with pytest.raises(DatabaseError, match="takes no postings"):
        post(stranger, "VALUES (1, 'expired', 7, NULL, NULL)")


def test_postings_without_a_transfer_are_refused(stranger: Connection) -> None:
    if stranger.dialect.name == "sqlite":
        stranger.execute(text("PRAGMA foreign_keys = ON"))
        stranger.commit()
    post(stranger, "VALUES (900, 'expired', 7, NULL, NULL)")
    with pytest.raises(IntegrityError, match=r"(?i)foreign key"):
        stranger.commit()


def test_a_key_is_booked_once(stranger: Connection) -> None:
    post(
        stranger,
        "VALUES (900, 'issued', -7, NULL, NULL)",
        "VALUES (900, 'revenue:terra', 7, NULL, NULL)",
    )
    with pytest.raises(DatabaseError, match=r"append-only|unique"):
        seal(stranger, key="grant/g")


@pytest.mark.parametrize(
    "values",
    [
        "900, 'grant:g', 1, 2, 7",  # does not continue the balance of 5000
        "900, 'grant:g', 1, 9, 1",  # leaves a gap
        "900, 'grant:new', 1, 1, 2",  # begins at something else than nothing
        "900, 'grant:new', -1, 1, -1",  # below zero
        "900, 'overdraft:user/x:terra', 1, 1, 1",  # above zero
        "900, 'grant:new', 1, NULL, NULL",  # keeps no balance though it must
        "900, 'issued', 0, NULL, NULL",
        "900, 'issued', 1000000000000001, NULL, NULL",
    ],
)
def test_a_posting_that_cannot_be_is_refused(stranger: Connection, values: str) -> None:
    with pytest.raises(DatabaseError):
        post(stranger, f"VALUES ({values})")
