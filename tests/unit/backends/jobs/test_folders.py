"""What is deleted is gone, or somebody is told."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from backends.jobs.folders import remove


def test_a_folder_goes_with_all_in_it(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "j1" / "1").mkdir(parents=True)
    (tmp_path / "j1" / "1" / "a.tif").write_bytes(b"x")
    remove(tmp_path / "j1")
    remove(tmp_path / "never there")
    assert list(tmp_path.iterdir()) == []
    assert caplog.text == ""


def test_what_cannot_be_removed_is_told_to_the_log(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "j1"
    folder.mkdir()

    def refuse(*_arguments: object, **_named: object) -> None:
        raise PermissionError

    with monkeypatch.context() as patched:
        patched.setattr(os, "rmdir", refuse)
        remove(folder)
    (record,) = caplog.records
    assert record.levelname == "ERROR"
    assert record.getMessage() == f"{folder} could not be removed, at least not all of it"
