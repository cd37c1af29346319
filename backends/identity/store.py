"""What the provider remembers between requests and over restarts, in one SQLite file.

Codes and refresh tokens are kept as hashes only: whoever reads the file cannot
log in with it. Every time is in seconds since 1970.
"""

import hashlib
import json
import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Final

BUSY_SECONDS: Final = 30.0

SCHEMA: Final = """
CREATE TABLE IF NOT EXISTS codes (
    hash TEXT PRIMARY KEY, client TEXT NOT NULL, content TEXT NOT NULL, session TEXT NOT NULL,
    good_until REAL NOT NULL, expires REAL NOT NULL, used INTEGER NOT NULL DEFAULT 0
);
CREATE TABLE IF NOT EXISTS devices (
    hash TEXT PRIMARY KEY, user_code TEXT NOT NULL UNIQUE, client TEXT NOT NULL,
    scope TEXT NOT NULL, code_challenge TEXT, good_until REAL NOT NULL, expires REAL NOT NULL,
    interval REAL NOT NULL, asked REAL NOT NULL, approved INTEGER, login TEXT
);
CREATE TABLE IF NOT EXISTS refresh_tokens (
    hash TEXT PRIMARY KEY, client TEXT NOT NULL, login TEXT NOT NULL, scope TEXT NOT NULL,
    session TEXT NOT NULL, expires REAL NOT NULL, used INTEGER NOT NULL DEFAULT 0
);
CREATE INDEX IF NOT EXISTS refresh_tokens_of_session ON refresh_tokens (session);
CREATE TABLE IF NOT EXISTS revoked (id TEXT PRIMARY KEY, expires REAL NOT NULL);
"""


@dataclass(frozen=True)
class Login:
    """Somebody who logged in with one client; ``session`` is the id of this one login."""

    user: str
    """The user's login name."""
    session: str
    auth_time: int


@dataclass(frozen=True)
class Code:
    """An authorization code: what its user agreed to."""

    client: str
    redirect_uri: str
    scope: str
    login: Login
    nonce: str | None = None
    code_challenge: str | None = None
    code_challenge_method: str | None = None

    def get_redirect_uri(self) -> str:
        return self.redirect_uri

    def get_scope(self) -> str:
        return self.scope

    def get_nonce(self) -> str | None:
        return self.nonce

    def get_auth_time(self) -> int:
        return self.login.auth_time

    def get_acr(self) -> None:
        return None

    def get_amr(self) -> list[str]:
        return ["pwd"]


class Replayed(Exception):  # noqa: N818 - an event, not a programming error
    """A code that was used before; ``session`` is the login that it had begun."""

    def __init__(self, session: str) -> None:
        super().__init__("The code was used before.")
        self.session = session


def digest(secret: str) -> str:
    """What is kept of a secret."""
    return hashlib.sha256(secret.encode("utf-8", "replace")).hexdigest()


class Database:
    """The file, opened anew for each piece of work, which happens as a whole or not at all."""

    def __init__(self, path: Path, clock: Callable[[], float]) -> None:
        self._path = path
        self.clock = clock
        path.touch(mode=0o600)
        with closing(self._connected()) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
            connection.executescript(SCHEMA)

    @contextmanager
    def working(self) -> Iterator[sqlite3.Connection]:
        with closing(self._connected()) as connection:
            connection.execute("BEGIN IMMEDIATE")
            with connection:
                yield connection

    def _connected(self) -> sqlite3.Connection:
        connection = sqlite3.connect(self._path, timeout=BUSY_SECONDS, isolation_level=None)
        connection.row_factory = sqlite3.Row
        return connection

    def tidy(self) -> None:
        """Forget what has expired."""
        now = self.clock()
        with self.working() as connection:
            for table in ("codes", "devices", "refresh_tokens", "revoked"):
                connection.execute(f"DELETE FROM {table} WHERE expires < ?", (now,))  # noqa: S608


REMEMBERED: Final = 3600.0
"""Seconds for which a code is known that is good no more: to tell that it is, and to notice
that it is used twice."""


class Codes:
    """Authorization codes; each can be exchanged once."""

    def __init__(self, database: Database, lifetime: float) -> None:
        self._database = database
        self._lifetime = lifetime

    def add(self, secret: str, code: Code) -> None:
        until = self._database.clock() + self._lifetime
        content = json.dumps(asdict(code))
        row = (digest(secret), code.client, content, code.login.session, until, until + REMEMBERED)
        with self._database.working() as connection:
            connection.execute("INSERT INTO codes VALUES (?, ?, ?, ?, ?, ?, 0)", row)

    def take(self, secret: str, client: str) -> Code | None:
        """The code of that client, which is used up with this; ``Replayed`` if it was before."""
        with self._database.working() as connection:
            row = connection.execute(
                "SELECT * FROM codes WHERE hash = ? AND client = ?", (digest(secret), client)
            ).fetchone()
            if row is None:
                return None
            if row["used"]:
                raise Replayed(row["session"])
            connection.execute("UPDATE codes SET used = 1 WHERE hash = ?", (row["hash"],))
        if row["good_until"] < self._database.clock():
            return None
        content = json.loads(row["content"])
        return Code(**{**content, "login": Login(**content["login"])})


@dataclass(frozen=True)
class RefreshToken:
    """A refresh token, known by its hash."""

    hash: str
    client: str
    login: Login
    scope: str
    used: bool = False

    def check_client(self, client: Any) -> bool:
        return bool(client.get_client_id() == self.client)

    def get_scope(self) -> str:
        return self.scope


class RefreshTokens:
    """Refresh tokens, and the sessions that were ended before their time.

    ``remembered`` is how long the latter are known at least, in seconds.
    """

    def __init__(self, database: Database, lifetime: float, *, remembered: float) -> None:
        self._database = database
        self._lifetime = lifetime
        self._remembered = max(lifetime, remembered)

    def add(self, secret: str, *, client: str, login: Login, scope: str) -> None:
        expires = self._database.clock() + self._lifetime
        row = (digest(secret), client, json.dumps(asdict(login)), scope, login.session, expires)
        with self._database.working() as connection:
            connection.execute("INSERT INTO refresh_tokens VALUES (?, ?, ?, ?, ?, ?, 0)", row)

    def find(self, secret: str) -> RefreshToken | None:
        """The token, unless it has expired or its session was ended."""
        with self._database.working() as connection:
            row = connection.execute(
                "SELECT * FROM refresh_tokens WHERE hash = ? AND expires >= ?"
                " AND session NOT IN (SELECT id FROM revoked)",
                (digest(secret), self._database.clock()),
            ).fetchone()
        if row is None:
            return None
        login = Login(**json.loads(row["login"]))
        return RefreshToken(row["hash"], row["client"], login, row["scope"], bool(row["used"]))

    def use_up(self, token: RefreshToken) -> bool:
        """Mark a token that gave way to another; False if that was done before."""
        with self._database.working() as connection:
            marked = connection.execute(
                "UPDATE refresh_tokens SET used = 1 WHERE hash = ? AND used = 0", (token.hash,)
            )
            return marked.rowcount == 1

    def revoke(self, name: str) -> None:
        """End a session, or a single access token, by its id."""
        expires = self._database.clock() + self._remembered
        with self._database.working() as connection:
            connection.execute("INSERT OR REPLACE INTO revoked VALUES (?, ?)", (name, expires))
            connection.execute("DELETE FROM refresh_tokens WHERE session = ?", (name,))

    def is_revoked(self, *names: str) -> bool:
        """Whether one of those sessions or tokens was ended."""
        marks = ", ".join("?" * len(names))
        with self._database.working() as connection:
            found = connection.execute(f"SELECT 1 FROM revoked WHERE id IN ({marks})", names)  # noqa: S608
            return found.fetchone() is not None
