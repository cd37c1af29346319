"""The provider as a program: what it says where it cannot start, and another key by command."""

from __future__ import annotations

import fcntl
import json
import stat
from pathlib import Path

import pytest
import yaml

from backends.identity.serve import BAD_CONFIGURATION, NOT_STARTED, rotate, serve
from tests.fakes.identities import identity_document


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "identity.yaml"
    path.write_text(yaml.safe_dump(identity_document()))
    return path


def test_every_mistake_is_told_at_the_start(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "identity.yaml"
    path.write_text("title: Mine\nissuer: http://far.example\n")
    assert serve(path, tmp_path / "data") == BAD_CONFIGURATION
    said = capsys.readouterr().err
    assert "issuer: must be https" in said
    assert "bind: is missing" in said
    assert rotate(path, tmp_path / "data") == BAD_CONFIGURATION


def test_a_directory_serves_one_provider(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = tmp_path / "data"
    data.mkdir()
    with (data / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        assert serve(file, data) == NOT_STARTED
    assert f"{data} is in use by another provider." in capsys.readouterr().err


def test_keys_that_cannot_be_read_are_not_made_anew(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = tmp_path / "data"
    data.mkdir()
    (data / "keys.json").write_text("{}")
    assert serve(file, data) == NOT_STARTED
    assert "keys.json holds no keys" in capsys.readouterr().err
    assert (data / "keys.json").read_text() == "{}"


def test_another_key_signs_by_command(
    file: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = tmp_path / "data"
    assert rotate(file, data) == 0
    first = capsys.readouterr().out.split()[5]
    assert rotate(file, data) == 0
    keys = json.loads((data / "keys.json").read_text())["keys"]
    current = keys[-2]["jwk"]["kid"]
    assert current in capsys.readouterr().out
    assert first in [key["jwk"]["kid"] for key in keys[:-2]]
    assert stat.S_IMODE(data.stat().st_mode) == 0o700
