"""How the databases are opened."""

from __future__ import annotations

import logging
import sqlite3
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import pytest
from sqlalchemy import Column, Integer, Table, inspect, text
from sqlalchemy.exc import DatabaseError, IntegrityError

from aggregator.errors import DatabaseUnavailable
from aggregator.storage.database import Database
from aggregator.storage.ledger import Ledger, open_ledger
from aggregator.storage.metadata import APPEND_ONLY, metadata
from aggregator.storage.verification import balances
from tests.unit.ledger.documents import MARCH, grant, tariffs
from tests.unit.storage.conftest import postgresql_schema


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
        pytest.raises(DatabaseUnavailable) as caught,
        ledger.database.read() as connection,
    ):
        connection.execute(
            metadata.tables["membership"].insert(),
            {"person": "a", "wallet": "organisation/7", "standing": "member", "at": MARCH},
        )
    assert "readonly" in caught.value.reason


def test_tables_of_other_rooms_are_made_beside_books_in_use(ledger: Ledger) -> None:
    ledger.grant(grant("g", 5))
    kept = Table("kept", metadata, Column("id", Integer, primary_key=True), info=APPEND_ONLY)
    passing = Table("passing", metadata, Column("id", Integer, primary_key=True))
    try:
        ledger.database.create()
        with ledger.database.write() as connection:
            connection.execute(kept.insert(), {"id": 1})
            connection.execute(passing.insert(), {"id": 1})
        with ledger.database.write() as connection:
            connection.execute(passing.delete())
        with (
            pytest.raises(DatabaseError, match="append-only"),
            ledger.database.write() as connection,
        ):
            connection.execute(kept.delete())
    finally:
        metadata.remove(kept)
        metadata.remove(passing)


def test_making_the_tables_again_waits_for_nobody_who_reads_or_writes(ledger: Ledger) -> None:
    if ledger.database.sqlite:
        pytest.skip("SQLite has one writer at a time")
    with ledger.database.write() as connection:
        connection.execute(
            metadata.tables["membership"].insert(),
            {"person": "a", "wallet": "organisation/7", "standing": "member", "at": MARCH},
        )
        ledger.database.create()


def test_tables_are_made_at_the_first_use(url: str) -> None:
    database = Database(url)
    with database.read() as connection:
        assert "transfer" in inspect(connection).get_table_names()
    database.dispose()


NOWHERE = "postgresql://reader:secret@127.0.0.1:1/nowhere"


def test_federations_in_one_postgresql_database_do_not_wait_for_each_other() -> None:
    for mine, others in zip(postgresql_schema(), postgresql_schema(), strict=True):
        one, other = Database(mine), Database(others)
        with one.write() as holding, other.write() as asking:
            one.lock(holding, ["user/alice"])
            asking.execute(text("SET LOCAL lock_timeout = '10ms'"))
            other.lock(asking, ["user/alice"])
        with one.write() as holding, one.write() as asking:
            one.lock(holding, ["user/alice"])
            asking.execute(text("SET LOCAL lock_timeout = '10ms'"))
            with pytest.raises(DatabaseError, match="lock timeout"):
                one.lock(asking, ["user/alice"])
            asking.rollback()
        one.dispose()
        other.dispose()


def test_a_server_that_cannot_be_reached_is_told_in_openeos_way() -> None:
    pytest.importorskip("psycopg")
    database = Database(NOWHERE)
    with pytest.raises(DatabaseUnavailable) as caught, database.read():
        pass
    assert "127.0.0.1" in caught.value.reason
    assert "127.0.0.1" not in caught.value.message
    assert caught.value.status == 503


def test_a_server_that_takes_no_writes_any_more_is_told_in_openeos_way() -> None:
    for url in postgresql_schema():
        database = Database(url)
        with pytest.raises(DatabaseUnavailable) as caught, database.write() as connection:
            connection.execute(text("SET TRANSACTION READ ONLY"))  # as all are on such a server
            database.next_numbers(connection, 1)
        assert "read-only transaction" in caught.value.reason
        database.dispose()


def test_no_password_is_in_the_log(caplog: pytest.LogCaptureFixture) -> None:
    pytest.importorskip("psycopg")
    with caplog.at_level(logging.DEBUG), pytest.raises(DatabaseUnavailable):
        Database(NOWHERE).create()
    assert "cannot be used" in caplog.text
    assert "secret" not in caplog.text


def test_a_file_that_is_no_database_is_told_and_kept(tmp_path: Path) -> None:
    file = tmp_path / "federation.sqlite"
    file.write_text("not a database, but somebody's notes\n" * 100)
    with pytest.raises(DatabaseUnavailable) as caught:
        Database(f"sqlite:///{file}").create()
    assert "not a database" in caught.value.reason
    assert file.read_text().startswith("not a database, but")


def test_what_was_out_of_reach_is_used_when_it_comes(tmp_path: Path) -> None:
    place = tmp_path / "later"
    place.write_text("in the way")
    database = Database(f"sqlite:///{place}/federation.sqlite")
    with pytest.raises(DatabaseUnavailable), database.read():
        pass
    place.unlink()
    with database.write() as connection:
        assert "transfer" in inspect(connection).get_table_names()
    database.dispose()


def test_nothing_is_taken_for_a_file_that_has_gone_until_it_is_back(tmp_path: Path) -> None:
    file, away = tmp_path / "federation.sqlite", tmp_path / "backup.sqlite"
    ledger = open_ledger(f"sqlite:///{file}", tariffs())
    ledger.grant(grant("a", 1000))
    ledger.database.dispose()  # everything is in the one file
    file.rename(away)
    for attempt in (ledger.database.write, ledger.database.read):
        with pytest.raises(DatabaseUnavailable) as refused, attempt():
            pass
        assert "removed or replaced while it was in use" in refused.value.reason
    assert not file.exists()
    away.rename(file)
    assert balances(ledger.database)["grant:a"] == 1_000_000


def test_what_was_committed_into_a_file_that_went_meanwhile_is_not_acknowledged(
    tmp_path: Path,
) -> None:
    file = tmp_path / "federation.sqlite"
    with pytest.raises(DatabaseUnavailable), Database(f"sqlite:///{file}").write():
        file.unlink()


def test_a_backup_that_is_put_in_the_place_of_the_file_is_opened(tmp_path: Path) -> None:
    books = {}
    for name, amount in (("now", 1000), ("backup", 7000)):
        books[name] = open_ledger(f"sqlite:///{tmp_path / name}", tariffs())
        books[name].grant(grant("a", amount))
        books[name].database.dispose()
    (tmp_path / "backup").rename(tmp_path / "now")
    assert balances(books["now"].database)["grant:a"] == 7_000_000


def test_an_error_about_a_statement_does_not_tell_its_values(ledger: Ledger) -> None:
    row = {"person": "alice@example.org", "wallet": "user/x", "standing": "boss", "at": MARCH}
    with pytest.raises(IntegrityError) as caught, ledger.database.write() as connection:
        connection.execute(metadata.tables["membership"].insert(), row)
    assert "alice" not in str(caught.value).partition("DETAIL")[0]


def test_tables_of_another_version_are_refused_with_what_they_lack(url: str) -> None:
    database = Database(url)
    with database.write() as connection:
        connection.execute(text("DROP TABLE membership"))
        connection.execute(text("CREATE TABLE membership (id INTEGER, person TEXT, wallet TEXT)"))
    with pytest.raises(DatabaseUnavailable) as caught:
        database.create()
    assert "the table membership lacks standing, at" in caught.value.reason
    database.dispose()


def test_tables_of_a_later_version_are_refused_with_what_they_ask_for(url: str) -> None:
    database = Database(url)
    with database.write() as connection:
        connection.execute(text("ALTER TABLE sighting ADD COLUMN seen_by TEXT"))
        connection.execute(text("ALTER TABLE sighting ADD COLUMN times BIGINT NOT NULL DEFAULT 1"))
    database.create()
    with database.write() as connection:
        connection.execute(text("DROP TABLE sighting"))
        connection.execute(
            text(
                "CREATE TABLE sighting (provider TEXT, job TEXT, person TEXT, status TEXT, "
                "costs BIGINT, at BIGINT, seen_by TEXT NOT NULL)"
            )
        )
    with pytest.raises(DatabaseUnavailable) as caught:
        database.create()
    assert "the table sighting asks for seen_by: it was made by another" in caught.value.reason
    database.dispose()


def test_what_can_be_made_again_need_not_wait_for_the_disk(url: str) -> None:
    setting = "PRAGMA synchronous" if url.startswith("sqlite") else "SHOW synchronous_commit"
    relaxed, durable = Database(url, durable=False), Database(url)
    found = {}
    for database in (relaxed, durable):
        with database.write() as connection:
            found[database] = str(connection.exec_driver_sql(setting).scalar_one())
        database.dispose()
    assert found[relaxed] in ("0", "off")
    assert found[durable] in ("2", "on")


def test_a_file_that_somebody_else_keeps_locked_is_told_soon_and_to_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("aggregator.storage.database.BUSY_SECONDS", 1)
    database = Database(f"sqlite:///{tmp_path / 'ledger.sqlite'}")
    database.create()

    def write(_: int) -> str:
        try:
            with database.write():
                return "written"
        except DatabaseUnavailable:
            return "unavailable"

    with closing(sqlite3.connect(tmp_path / "ledger.sqlite", isolation_level=None)) as other:
        other.execute("BEGIN EXCLUSIVE")
        began = time.monotonic()
        with ThreadPoolExecutor(8) as pool:
            assert set(pool.map(write, range(8))) == {"unavailable"}
        assert time.monotonic() - began < 5
        with pytest.raises(DatabaseUnavailable):
            Database(f"sqlite:///{tmp_path / 'ledger.sqlite'}").create()
        other.execute("ROLLBACK")
    assert write(0) == "written"
    database.dispose()
