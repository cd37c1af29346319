"""The SQLite file below all stores of a backend: its tables and how to open it.

Write-ahead logging, short connections, and ``BEGIN IMMEDIATE`` for every write,
so that the HTTP side's threads and the computing children never dead-lock.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Final

BUSY_SECONDS: Final = 30.0

SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS jobs (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    user TEXT NOT NULL,
    kind TEXT NOT NULL CHECK (kind IN ('batch', 'sync')),
    process TEXT NOT NULL,
    title TEXT,
    description TEXT,
    plan TEXT,
    budget REAL,
    log_level TEXT NOT NULL,
    extra TEXT NOT NULL,
    status TEXT NOT NULL CHECK (
        status IN ('created', 'queued', 'running', 'finished', 'error', 'canceled')),
    progress REAL,
    attempt INTEGER NOT NULL DEFAULT 0,
    interruptions INTEGER NOT NULL DEFAULT 0,
    created TEXT NOT NULL,
    updated TEXT NOT NULL,
    queued TEXT,
    started TEXT,
    ended TEXT,
    costs REAL,
    usage TEXT,
    failure TEXT
);
CREATE INDEX IF NOT EXISTS jobs_of_user ON jobs (user, kind, number);
CREATE INDEX IF NOT EXISTS jobs_by_status ON jobs (status, kind, queued);
CREATE TABLE IF NOT EXISTS logs (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    job TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    level INTEGER NOT NULL,
    message TEXT NOT NULL,
    time TEXT NOT NULL,
    code TEXT,
    data TEXT
);
CREATE INDEX IF NOT EXISTS logs_of_job ON logs (job, number);
CREATE TABLE IF NOT EXISTS assets (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    job TEXT NOT NULL REFERENCES jobs (id) ON DELETE CASCADE,
    attempt INTEGER NOT NULL,
    document TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS assets_of_job ON assets (job, attempt, number);
CREATE TABLE IF NOT EXISTS spending (
    user TEXT PRIMARY KEY,
    amount REAL NOT NULL
);
CREATE TABLE IF NOT EXISTS stored_processes (
    user TEXT NOT NULL,
    id TEXT NOT NULL,
    document TEXT NOT NULL,
    key TEXT UNIQUE,
    PRIMARY KEY (user, id)
);
CREATE TABLE IF NOT EXISTS services (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    user TEXT NOT NULL,
    type TEXT NOT NULL,
    process TEXT NOT NULL,
    title TEXT,
    description TEXT,
    enabled INTEGER NOT NULL,
    configuration TEXT NOT NULL,
    plan TEXT NOT NULL,
    budget REAL,
    log_level TEXT NOT NULL,
    extra TEXT NOT NULL,
    created TEXT NOT NULL,
    version INTEGER NOT NULL DEFAULT 1,
    costs REAL NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS services_of_user ON services (user, number);
CREATE TABLE IF NOT EXISTS service_logs (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    service TEXT NOT NULL REFERENCES services (id) ON DELETE CASCADE,
    level INTEGER NOT NULL,
    message TEXT NOT NULL,
    time TEXT NOT NULL,
    code TEXT,
    data TEXT
);
CREATE INDEX IF NOT EXISTS logs_of_service ON service_logs (service, number);
CREATE TABLE IF NOT EXISTS workspaces (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,
    user TEXT NOT NULL,
    provider TEXT NOT NULL,
    place TEXT NOT NULL,
    sealed BLOB,
    title TEXT,
    description TEXT,
    quota INTEGER,
    problem TEXT NOT NULL DEFAULT '',
    created TEXT NOT NULL
);
CREATE INDEX IF NOT EXISTS workspaces_of_user ON workspaces (user, number);
CREATE TABLE IF NOT EXISTS usage_reports (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    key TEXT NOT NULL UNIQUE,
    kind TEXT NOT NULL CHECK (kind IN ('batch', 'sync', 'tile')),
    subject TEXT NOT NULL,
    attempt INTEGER NOT NULL,
    user TEXT NOT NULL,
    document TEXT NOT NULL,
    expected REAL NOT NULL,
    state TEXT NOT NULL CHECK (state IN ('open', 'waiting', 'taken')),
    due REAL NOT NULL DEFAULT 0,
    tries INTEGER NOT NULL DEFAULT 0,
    reason TEXT,
    costs REAL
);
CREATE INDEX IF NOT EXISTS usage_reports_due ON usage_reports (state, due, number);
"""


class Database:
    """Opens connections to one file. Safe to use from many threads and processes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        # While one connection stays open, closing the others is cheap: SQLite
        # folds the log back into the file only when the last one goes.
        self._anchor = self._connect()
        self._anchor.execute("PRAGMA journal_mode = WAL")
        self._anchor.executescript(SCHEMA)

    def close(self) -> None:
        """Let go of the file."""
        self._anchor.close()

    @contextmanager
    def reading(self) -> Iterator[sqlite3.Connection]:
        """A connection for queries."""
        with closing(self._connect()) as connection:
            yield connection

    @contextmanager
    def writing(self, *, lasting: bool = False) -> Iterator[sqlite3.Connection]:
        """A connection inside one transaction, undone where the block raises.

        It survives the end of the process; with ``lasting`` also that of the power.
        """
        with closing(self._connect()) as connection:
            if lasting:
                connection.execute("PRAGMA synchronous = FULL")
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")

    def _connect(self) -> sqlite3.Connection:
        connection = sqlite3.connect(
            self.path, timeout=BUSY_SECONDS, isolation_level=None, check_same_thread=False
        )
        connection.row_factory = sqlite3.Row
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA synchronous = NORMAL")
        return connection
