"""Engines, transactions and locks: what differs between SQLite and PostgreSQL is here."""

from __future__ import annotations

import hashlib
import logging
import sqlite3
import threading
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from pathlib import Path
from typing import Any

from sqlalchemy import (
    URL,
    Connection,
    Engine,
    create_engine,
    event,
    func,
    inspect,
    make_url,
    select,
    text,
)
from sqlalchemy.exc import InterfaceError, OperationalError, SQLAlchemyError
from sqlalchemy.exc import TimeoutError as PoolTimeout

from aggregator.errors import DatabaseUnavailable
from aggregator.storage.schema import transfer
from aggregator.storage.tables import metadata
from aggregator.storage.triggers import postgresql_triggers, sqlite_triggers

LOG = logging.getLogger(__name__)

Place = tuple[int, int] | None
"""Device and number of a file: the same name may come to mean another."""

BUSY_SECONDS = 30
CONNECT_SECONDS = 5
POLL_SECONDS = 0.002
_CREATION = 4_702_111_234
"""Number of the lock under which PostgreSQL tables are made."""

# Such locks are the whole database's: those of another federation in it have other numbers.
_LOCK = text(
    "SELECT pg_advisory_xact_lock(number # hashtextextended(current_schema(), 0)) "
    "FROM unnest(CAST(:numbers AS bigint[])) AS number"
)
_READ_ONLY, _DAMAGED = "25006", "XX"
"""States of a PostgreSQL server: the first after others have taken its place, as a rule."""
_TRIGGERS = text(
    "SELECT tgname FROM pg_trigger JOIN pg_class ON pg_class.oid = tgrelid "
    "WHERE relnamespace = current_schema()::regnamespace"
)
_NEXT_NUMBERS = text("SELECT nextval('transfer_number') FROM generate_series(1, :count)")
_LAST_NUMBER = select(func.coalesce(func.max(transfer.c.id), 0))


class Database:
    """The database behind a URL (`sqlite:///ledger.sqlite`, `postgresql+psycopg://...`).

    Nothing is opened until it is used, in the process that uses it (after a fork); tables are made
    then. What `write` has committed is on disk when it returns. Reading never waits for writing.

    Raises ValueError for a URL that cannot be used, ModuleNotFoundError if its driver is missing;
    `write` and `read` raise DatabaseUnavailable while the database cannot be reached or is broken,
    and while the file that was used is no longer at its place; one put there later is opened.
    """

    def __init__(self, url: str, *, durable: bool = True) -> None:
        """`durable=False` is for what can be made again: a power cut may take the last of it."""
        address = make_url(url)
        self.sqlite = address.get_backend_name() == "sqlite"
        self._write: Engine
        self._read: Engine
        self._turn: AbstractContextManager[Any]
        self._made = False
        self._making = threading.Lock()
        self._file: Path | None = None
        self._place: Place = None
        if self.sqlite:
            if not address.database or address.database == ":memory:":
                raise ValueError("the ledger needs a file: sqlite:///PATH")
            self._file = Path(address.database)
            relaxed = () if durable else (_RELAXED["sqlite"],)
            self._write = _sqlite_engine(address, _begin_writing, *relaxed)
            self._read = _sqlite_engine(address, _begin_reading, "PRAGMA query_only = ON")
            # Threads of one process queue here, fairly, instead of polling for the file's lock.
            self._turn = _Turn()
        else:
            if address.drivername == "postgresql":
                address = address.set(drivername="postgresql+psycopg")
            relaxed = () if durable else (_RELAXED["postgresql"],)
            self._write = self._read = _postgresql_engine(address, *relaxed)
            self._turn = nullcontext()

    def create(self) -> None:
        """Makes tables and triggers that are not there; safe from several processes at once.

        Raises DatabaseUnavailable, whose `reason` says why.
        """
        with self._making:
            try:
                if self._file is not None:
                    self._file.parent.mkdir(parents=True, exist_ok=True)
                with self._turn, self._write.begin() as connection:
                    self._make(connection)
            except (OSError, SQLAlchemyError, sqlite3.Error) as error:
                raise _unavailable(error) from error
            self._place = _place_of(self._file)
            self._made = True

    def _make(self, connection: Connection) -> None:
        if self.sqlite:
            statements = sqlite_triggers()
        else:
            connection.execute(_LOCK, {"numbers": [_CREATION]})
            connection.execute(text("CREATE SEQUENCE IF NOT EXISTS transfer_number"))
            statements = postgresql_triggers(set(connection.execute(_TRIGGERS).scalars()))
        metadata.create_all(connection)
        _check_columns(connection)
        for statement in statements:
            connection.execute(text(statement))

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that is committed at the end, or undone if it raises."""
        place = self._open()
        with _failures_told(), self._turn, self._write.begin() as connection:
            yield connection
        if _place_of(self._file) != place:
            raise self._gone()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A view of what was committed; SQLite: the same for the whole block."""
        self._open()
        with _failures_told(), self._read.begin() as connection:
            yield connection

    def _open(self) -> Place:
        """Sees to it that the file at its place is the one in use, with tables; says which."""
        if self._made and (place := _place_of(self._file)) != self._place:
            if place is None:  # an empty one in its stead would forget what was booked
                raise self._gone()
            self.dispose()
            self._made = False
        if not self._made:
            self.create()
        return self._place

    def _gone(self) -> DatabaseUnavailable:
        """The error for a file that was removed or replaced: what is written to it is lost."""
        return _unavailable(OSError(f"{self._file} was removed or replaced while it was in use"))

    def lock(self, connection: Connection, names: Iterable[str]) -> None:
        """Waits for all other writers of these wallets and keys; held until the transaction ends.

        SQLite has one writer anyway. The order of taking them is the same for all, so that no two
        writers wait for each other.
        """
        numbers = sorted({_number_of(name) for name in names})
        if numbers and not self.sqlite:
            connection.execute(_LOCK, {"numbers": numbers})

    def next_numbers(self, connection: Connection, count: int) -> list[int]:
        """Numbers for new transfers, in order."""
        if not self.sqlite:
            return sorted(connection.execute(_NEXT_NUMBERS, {"count": count}).scalars())
        last = connection.execute(_LAST_NUMBER).scalar_one()
        return list(range(last + 1, last + 1 + count))

    def dispose(self) -> None:
        """Closes all connections; the next use opens new ones."""
        self._write.dispose()
        self._read.dispose()


class _Turn(AbstractContextManager[None]):
    """One thread at a time; who waits for longer than a transaction may gives up."""

    def __init__(self) -> None:
        self._lock = threading.Lock()

    def __enter__(self) -> None:
        if not self._lock.acquire(timeout=BUSY_SECONDS):
            raise sqlite3.OperationalError(
                "the database is locked, and other threads wait for it, too"
            )

    def __exit__(self, *_: object) -> None:
        self._lock.release()


def _place_of(file: Path | None) -> Place:
    """Which file is there; None if there is none, or if the database is no file."""
    try:
        found = None if file is None else file.stat()
    except OSError:
        return None
    return None if found is None else (found.st_dev, found.st_ino)


class _OtherVersionError(SQLAlchemyError):
    """Tables that another version of this software made."""


def _check_columns(connection: Connection) -> None:
    """Refuses tables that lack a column, or ask for one more: no later error says so as well."""
    inspector = inspect(connection)
    for table in metadata.sorted_tables:
        there = {column["name"]: column for column in inspector.get_columns(table.name)}
        known = [column.name for column in table.columns]
        lacking = [name for name in known if name not in there]
        asked = [
            name
            for name, column in there.items()
            if name not in known and not column["nullable"] and column["default"] is None
        ]
        for wrong, names in (("lacks", lacking), ("asks for", asked)):
            if names:
                raise _OtherVersionError(
                    f"the table {table.name} {wrong} {', '.join(names)}: "
                    "it was made by another version of this software"
                )


@contextmanager
def _failures_told() -> Iterator[None]:
    """Tells what is no fault of ours, such as a server that has gone or a full disk."""
    try:
        yield
    except (OperationalError, InterfaceError, PoolTimeout, sqlite3.OperationalError) as error:
        raise _unavailable(error) from error  # the last: as transactions begin without SQLAlchemy
    except SQLAlchemyError as error:
        if not _is_broken(getattr(error, "orig", None)):
            raise
        raise _unavailable(error) from error


def _is_broken(error: object) -> bool:
    """Whether the file is no database, or the server takes no writes or finds its files damaged."""
    state = str(getattr(error, "sqlstate", None))
    return type(error) is sqlite3.DatabaseError or state.startswith((_READ_ONLY, _DAMAGED))


def _unavailable(error: Exception) -> DatabaseUnavailable:
    """Says in the log why, without the values that a statement was about."""
    reason = " ".join(str(getattr(error, "orig", None) or error).split())[:500]
    LOG.error("the database cannot be used: %s", reason)
    return DatabaseUnavailable(reason)


def _number_of(name: str) -> int:
    digest = hashlib.blake2b(name.encode("utf-8"), digest_size=8).digest()
    return int.from_bytes(digest, "big", signed=True)


def _postgresql_engine(url: URL, *settings: str) -> Engine:
    engine = create_engine(
        url,
        pool_size=8,
        max_overflow=56,
        pool_pre_ping=True,
        hide_parameters=True,  # they name people
        connect_args={
            "connect_timeout": CONNECT_SECONDS,
            # A server that has vanished from the network is noticed.
            "keepalives_idle": BUSY_SECONDS,
            "tcp_user_timeout": BUSY_SECONDS * 1000,
        },
    )

    @event.listens_for(engine, "connect")
    def _connected(connection: Any, _: Any) -> None:
        for setting in (f"SET lock_timeout = '{BUSY_SECONDS}s'", *settings):
            connection.execute(setting)
        connection.commit()

    return engine


def _sqlite_engine(url: URL, begin: Callable[[Any], None], *pragmas: str) -> Engine:
    engine = create_engine(
        url,
        connect_args={"timeout": BUSY_SECONDS},
        pool_size=8,
        max_overflow=56,
        hide_parameters=True,
    )

    @event.listens_for(engine, "connect")
    def _connected(connection: Any, _: Any) -> None:
        connection.isolation_level = None  # the driver begins nothing by itself
        for pragma in (*_PRAGMAS, *pragmas):
            connection.execute(pragma).close()

    @event.listens_for(engine, "begin")
    def _begun(connection: Connection) -> None:
        begin(connection.connection.dbapi_connection)

    return engine


_RELAXED = {
    "sqlite": "PRAGMA synchronous = OFF",
    "postgresql": "SET synchronous_commit = off",
}
_PRAGMAS = (
    "PRAGMA journal_mode = WAL",
    "PRAGMA synchronous = FULL",
    "PRAGMA foreign_keys = ON",
    "PRAGMA recursive_triggers = ON",
)


def _begin_reading(connection: Any) -> None:
    connection.execute("BEGIN")


def _begin_writing(connection: Any) -> None:
    """Waits for its turn among processes, asking often.

    SQLite's own wait asks ever less often, up to 100 ms apart, and starves who waits long.
    """
    connection.execute("PRAGMA busy_timeout = 0").close()
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        try:
            connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() > deadline:
                raise
            time.sleep(POLL_SECONDS)
        else:
            connection.execute(f"PRAGMA busy_timeout = {BUSY_SECONDS * 1000}").close()
            return
