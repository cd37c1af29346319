"""The keys that sign: kept, rotated, published as long as they are needed."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest
from joserfc import jwt
from joserfc.errors import JoseError

from backends.identity.keys import KeyFileError, Keyring


class Seconds:
    """A clock that stands still until it is moved."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Seconds:
    return Seconds()


def ring(folder: Path, clock: Seconds) -> Keyring:
    return Keyring(folder / "keys.json", clock=clock, lifetime=1000.0, keep=100.0)


def kids(keys: Keyring) -> list[str]:
    return [key["kid"] for key in keys.published()]


def signer(keys: Keyring) -> str:
    (key,) = keys.signing().keys
    return str(key.kid)


def token(keys: Keyring) -> str:
    return jwt.encode({"alg": "RS256"}, {"sub": "alice"}, keys.signing())


def test_the_next_key_is_published_before_it_signs(tmp_path: Path, clock: Seconds) -> None:
    keys = ring(tmp_path, clock)
    now, following = kids(keys)
    assert signer(keys) == now
    assert keys.rotate() == following
    assert signer(keys) == following
    assert kids(keys)[:2] == [now, following]
    assert len(kids(keys)) == 3


def test_a_key_is_published_until_its_last_token_has_ended(tmp_path: Path, clock: Seconds) -> None:
    keys = ring(tmp_path, clock)
    old = signer(keys)
    signed = token(keys)
    keys.rotate()
    clock.now += 99
    assert old in kids(keys)
    assert jwt.decode(signed, keys.verifying()).claims == {"sub": "alice"}
    clock.now += 2
    assert old not in kids(keys)
    with pytest.raises((JoseError, ValueError)):
        jwt.decode(signed, keys.verifying())


def test_a_key_gives_way_after_its_time(tmp_path: Path, clock: Seconds) -> None:
    keys = ring(tmp_path, clock)
    first, second = kids(keys)
    clock.now += 999
    assert signer(keys) == first
    clock.now += 1
    assert signer(keys) == second
    assert signer(keys) == second


def test_keys_outlive_the_process(tmp_path: Path, clock: Seconds) -> None:
    before = ring(tmp_path, clock)
    signed = token(before)
    after = ring(tmp_path, clock)
    assert kids(after) == kids(before)
    assert jwt.decode(signed, after.verifying()).claims == {"sub": "alice"}


def test_a_rotation_by_another_process_is_noticed(tmp_path: Path, clock: Seconds) -> None:
    serving, commanding = ring(tmp_path, clock), ring(tmp_path, clock)
    old = signer(serving)
    new = commanding.rotate()
    assert signer(serving) == new != old
    assert kids(serving) == kids(commanding)


def test_only_the_owner_can_read_the_keys(tmp_path: Path, clock: Seconds) -> None:
    ring(tmp_path, clock).rotate()
    assert stat.S_IMODE((tmp_path / "keys.json").stat().st_mode) == 0o600


def test_private_parts_are_never_published(tmp_path: Path, clock: Seconds) -> None:
    for key in ring(tmp_path, clock).published():
        assert set(key) == {"kty", "use", "alg", "kid", "n", "e"}


@pytest.mark.parametrize("content", ["", "{}", '{"keys": []}', '{"keys": [{"jwk": {}}, 3]}'])
def test_a_broken_file_is_named_with_what_to_do(
    tmp_path: Path, clock: Seconds, content: str
) -> None:
    (tmp_path / "keys.json").write_text(content)
    with pytest.raises(KeyFileError, match=r"keys\.json holds no keys .* or remove it"):
        ring(tmp_path, clock)


def test_keys_that_nobody_needs_are_removed(tmp_path: Path, clock: Seconds) -> None:
    keys = ring(tmp_path, clock)
    for _ in range(4):
        clock.now += 200
        keys.rotate()
    assert len(json.loads((tmp_path / "keys.json").read_text())["keys"]) == 3
