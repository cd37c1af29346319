"""What the provider remembers: each thing for one use, and not for ever."""

from __future__ import annotations

import sqlite3
import stat
import threading
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from backends.identity.devices import Device, Devices, plain
from backends.identity.store import Code, Codes, Database, Login, RefreshTokens, Replayed

LOGIN = Login("alice", "session", 1000)
CODE = Code("editor", "https://editor.example/", "openid", LOGIN)


class Seconds:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Seconds:
    return Seconds()


@pytest.fixture
def database(tmp_path: Path, clock: Seconds) -> Database:
    return Database(tmp_path / "identity.sqlite", clock)


def at_once(work: Callable[[], Any], times: int = 8) -> list[Any]:
    """What each of several threads gets that do the same at the same time."""
    ready, found = threading.Barrier(times), list[Any]()

    def run() -> None:
        ready.wait(10)
        try:
            found.append(work())
        except Replayed as replayed:
            found.append(replayed)

    threads = [threading.Thread(target=run) for _ in range(times)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    return found


def test_of_many_who_bring_a_code_at_once_one_is_served(database: Database) -> None:
    codes = Codes(database, 60)
    codes.add("secret", CODE)
    found = at_once(lambda: codes.take("secret", "editor"))
    assert [one for one in found if isinstance(one, Code)] == [CODE]
    assert sum(isinstance(one, Replayed) for one in found) == 7


def test_of_many_devices_with_one_code_one_is_let_in(database: Database) -> None:
    devices = Devices(database, 600, 5)
    assert devices.add("secret", "BCDF-GHJK", client="e", scope="openid", code_challenge=None)
    assert devices.decide("bcdfghjk", LOGIN)
    device = devices.find("secret")
    assert isinstance(device, Device)
    assert sorted(at_once(lambda: devices.take(device))) == [False] * 7 + [True]


def test_of_many_who_rotate_a_token_at_once_one_succeeds(database: Database) -> None:
    tokens = RefreshTokens(database, 3600, remembered=60)
    tokens.add("secret", client="editor", login=LOGIN, scope="openid")
    token = tokens.find("secret")
    assert token is not None
    assert sorted(at_once(lambda: tokens.use_up(token))) == [False] * 7 + [True]


def test_two_devices_never_have_the_same_user_code(database: Database) -> None:
    devices = Devices(database, 600, 5)
    rest: dict[str, Any] = {"client": "e", "scope": "openid", "code_challenge": None}
    assert devices.add("one", "BCDF-GHJK", **rest)
    assert not devices.add("two", "BCDF-GHJK", **rest)
    assert devices.find("two") is None


@pytest.mark.parametrize("typed", ["BCDF-GHJK", "bcdfghjk", " b c d f-g h j k ", "BCDF\u2013GHJK"])
def test_a_user_code_is_known_however_it_is_typed(typed: str) -> None:
    assert plain(typed) == "BCDF-GHJK"


def test_what_has_expired_is_forgotten(database: Database, clock: Seconds, tmp_path: Path) -> None:
    Codes(database, 60).add("secret", CODE)
    tokens = RefreshTokens(database, 7200, remembered=60)
    tokens.add("secret", client="editor", login=LOGIN, scope="openid")
    tokens.revoke("another session")
    Devices(database, 600, 5).add(
        "secret", "BCDF-GHJK", client="e", scope="openid", code_challenge=None
    )
    assert counts(tmp_path) == [1, 1, 1, 1]
    clock.now += 5000
    database.tidy()
    assert counts(tmp_path) == [0, 0, 1, 1]
    clock.now += 5000
    database.tidy()
    assert counts(tmp_path) == [0, 0, 0, 0]


def counts(folder: Path) -> list[int]:
    tables = ("codes", "devices", "refresh_tokens", "revoked")
    with closing(sqlite3.connect(folder / "identity.sqlite")) as connection:
        return [connection.execute(f"SELECT count(*) FROM {name}").fetchone()[0] for name in tables]


def test_a_session_that_was_ended_stays_so_as_long_as_its_tokens(
    database: Database, clock: Seconds
) -> None:
    tokens = RefreshTokens(database, 60, remembered=3600)
    tokens.revoke("session")
    clock.now += 3600
    database.tidy()
    assert tokens.is_revoked("other", "session")
    assert not tokens.is_revoked("other")


def test_only_the_owner_can_read_it(database: Database, tmp_path: Path) -> None:
    Codes(database, 60).add("secret", CODE)
    for file in tmp_path.iterdir():
        assert stat.S_IMODE(file.stat().st_mode) == 0o600, file


def test_a_session_that_was_ended_gets_no_token_afterwards(database: Database) -> None:
    """Somebody replays a code while the one who had it first is still being served."""
    tokens = RefreshTokens(database, 3600, remembered=60)
    tokens.revoke(LOGIN.session)
    tokens.add("secret", client="editor", login=LOGIN, scope="openid")
    assert tokens.find("secret") is None
