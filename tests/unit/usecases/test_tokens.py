"""Sealed tokens, and the key that seals them."""

from __future__ import annotations

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography.fernet import Fernet

from aggregator.usecases.tokens import Login, Sealer, SealingKeyError, sealing_key
from tests.fakes.clock import Clock

LOGIN = Login("alice", {"terra": "t-1", "aurora": "a-1"}, ("boreal",))


def test_a_sealed_login_comes_back_and_shows_nothing_outside() -> None:
    sealer = Sealer(Fernet.generate_key(), 60, Clock())
    token = sealer.seal(LOGIN)
    assert sealer.open(token) == LOGIN
    assert "alice" not in token and "t-1" not in token


def test_a_token_can_be_sent_in_a_header() -> None:
    many = Login("alice", {f"b{n}": "x" * 400 for n in range(20)})
    token = Sealer(Fernet.generate_key(), 60, Clock()).seal(many)
    assert token.isascii() and token.split() == [token]


def test_a_token_ends_with_its_lifetime() -> None:
    clock = Clock()
    sealer = Sealer(Fernet.generate_key(), 60, clock)
    token = sealer.seal(LOGIN)
    clock.advance(60)
    assert sealer.open(token) == LOGIN
    clock.advance(2)
    assert sealer.open(token) is None


def test_a_token_that_was_opened_before_ends_with_its_lifetime_too() -> None:
    clock = Clock()
    sealer = Sealer(Fernet.generate_key(), 600, clock)
    token = sealer.seal(LOGIN)
    assert sealer.open(token) == sealer.open(token) == LOGIN
    clock.advance(601)
    assert sealer.open(token) is None
    clock.advance(-1)
    assert sealer.open(token) == LOGIN


@pytest.mark.parametrize("opened", [True, False])
def test_a_clock_that_jumps_never_prolongs_a_token(opened: bool) -> None:
    clock = Clock()
    sealer = Sealer(Fernet.generate_key(), 600, clock)
    token = sealer.seal(LOGIN)
    if opened:
        assert sealer.open(token) == LOGIN
    clock.advance(-3600)  # it was made by a clock that went wrong: one logs in again
    assert sealer.open(token) is None
    assert sealer.open(sealer.seal(LOGIN)) == LOGIN
    clock.advance(7200)
    assert sealer.open(token) is None


def test_an_opened_token_opens_for_nobody_who_has_not_all_of_it() -> None:
    sealer = Sealer(Fernet.generate_key(), 60, Clock())
    token, other = sealer.seal(LOGIN), sealer.seal(Login("bob", {"terra": "t-2"}))
    for _ in range(2):
        assert sealer.open(token) == LOGIN
        assert sealer.open(other) == Login("bob", {"terra": "t-2"})
        for changed in (token[:-1], token[:-1] + "A", token.swapcase()):
            assert sealer.open(changed) is None


def test_a_token_is_opened_once_for_many_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    sealer = Sealer(Fernet.generate_key(), 60, Clock())
    token = sealer.seal(LOGIN)
    assert sealer.open(token) == LOGIN
    monkeypatch.setattr("aggregator.usecases.tokens.zlib.decompress", lambda _: b"")
    assert sealer.open(token) == LOGIN


def test_few_opened_tokens_are_remembered_and_not_for_long(monkeypatch: pytest.MonkeyPatch) -> None:
    now = Clock()
    monkeypatch.setattr("aggregator.usecases.tokens.time.monotonic", now)
    monkeypatch.setattr("aggregator.usecases.tokens.REMEMBERED", 1000)
    sealer = Sealer(Fernet.generate_key(), 10_000, Clock())
    for user in range(100):
        assert sealer.open(sealer.seal(Login(f"user{user}", {"terra": "t"}))) is not None
    assert 0 < len(sealer._opened) <= 10
    now.advance(301)
    assert len(sealer._opened) == 0
    large = Login("eve", {"terra": "".join(map(str, range(2000)))})
    assert sealer.open(sealer.seal(large)) == large
    assert len(sealer._opened) == 0


def test_a_changed_token_or_one_of_another_key_opens_nothing() -> None:
    sealer = Sealer(Fernet.generate_key(), 60, Clock())
    token = sealer.seal(LOGIN)
    for forged in (token[:-2], token[:20] + "A" + token[21:], "", "ä", "x" * 5000):
        assert sealer.open(forged) is None
    assert Sealer(Fernet.generate_key(), 60, Clock()).open(token) is None


def test_a_key_is_made_once_and_only_its_owner_can_read_it(tmp_path: Path) -> None:
    directory = tmp_path / "new" / "data"
    with ThreadPoolExecutor(8) as pool:
        keys = set(pool.map(lambda _: sealing_key(None, directory), range(16)))
    assert len(keys) == 1
    assert stat.S_IMODE((directory / "sealing.key").stat().st_mode) == 0o600
    assert [file.name for file in directory.iterdir()] == ["sealing.key"]


def test_a_configured_key_is_used_and_a_bad_one_is_refused(tmp_path: Path) -> None:
    assert sealing_key("abc", tmp_path) == "abc"
    with pytest.raises(SealingKeyError, match="32 bytes"):
        Sealer("abc", 60, Clock())


def test_a_directory_that_cannot_be_used_is_named(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.write_text("x")
    with pytest.raises(SealingKeyError, match="cannot be read or made"):
        sealing_key(None, file / "below")
