"""Files in the web are read in parts, within the same bounds as whole ones."""

from __future__ import annotations

import random
from contextlib import closing

import pytest

from backends.addresses import AddressPolicy
from backends.errors import OpenEOError
from backends.patience import Patience
from backends.ranges import AT_ONCE, BLOCK, KEPT, RemoteFile
from tests.fakes.web import Files, serving

HERE = AddressPolicy(("127.0.0.1",), allow_private=True)
CONTENT = random.Random(1).randbytes(3 * BLOCK + 1000)


def refused(url: str, policy: AddressPolicy = HERE) -> str:
    with pytest.raises(OpenEOError) as caught:
        RemoteFile(url, policy)
    return caught.value.code


def test_parts_are_those_of_the_file() -> None:
    with serving(Files({"/a": CONTENT})) as files:
        remote = RemoteFile(f"{files.url}/a", HERE)
        assert remote.size == len(CONTENT)
        for offset, size in ((0, 10), (BLOCK - 5, 10), (5, 2 * BLOCK), (len(CONTENT) - 3, 99)):
            assert remote.read_at(offset, size) == CONTENT[offset : offset + size]
        assert remote.read_at(len(CONTENT) + 5, 10) == b""


def test_only_the_parts_that_are_read_are_transferred_and_each_once() -> None:
    with serving(Files({"/a": bytes(100 * BLOCK)})) as files:
        remote = RemoteFile(f"{files.url}/a", HERE)
        for _ in range(3):
            remote.read_at(50 * BLOCK + 10, BLOCK)
        assert files.given == 3 * BLOCK  # the first one tells the size
        assert len(files.asked) == 2  # neighbours come together


def test_memory_is_bounded_however_much_is_read() -> None:
    content = bytes((KEPT + 2 * AT_ONCE) * BLOCK)
    with serving(Files({"/a": content})) as files:
        remote = RemoteFile(f"{files.url}/a", HERE)
        assert remote.read_at(0, len(content)) == content
        assert len(remote._blocks) == KEPT


def test_each_part_is_asked_for_where_the_file_has_moved_to() -> None:
    with serving(Files({"/new": CONTENT}, moved={"/old": "/new"})) as files:
        remote = RemoteFile(f"{files.url}/old", HERE)
        remote.read_at(2 * BLOCK, 10)
        assert files.asked == ["/old", "/new"] * 2


def test_a_redirect_of_a_later_part_gets_no_further_than_the_policy() -> None:
    with serving(Files({"/a": CONTENT})) as files:
        policy = AddressPolicy(("*",), own=(files.authority,))
        remote = RemoteFile(f"{files.url}/a", policy)
        files.moved["/a"] = "http://169.254.169.254/latest"
        with pytest.raises(OpenEOError) as caught:
            remote.read_at(2 * BLOCK, 10)
    assert caught.value.code == "UrlNotAllowed"


def test_forbidden_addresses_are_not_asked() -> None:
    with serving(Files({"/a": CONTENT})) as files:
        assert refused(f"{files.url}/a", AddressPolicy()) == "UrlNotAllowed"
        assert files.asked == []


def test_a_server_without_ranges_gives_the_whole_file_once() -> None:
    with serving(Files({"/a": CONTENT}, ranges=False)) as files:
        with closing(RemoteFile(f"{files.url}/a", HERE)) as remote:
            assert remote.read_at(2 * BLOCK, 500) == CONTENT[2 * BLOCK : 2 * BLOCK + 500]
            assert remote.read_at(0, 5) == CONTENT[:5]
        assert files.asked == ["/a"]


def test_a_whole_file_that_is_too_large_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backends.ranges.MAX_BYTES", len(CONTENT) - 1)
    with serving(Files({"/a": CONTENT}, ranges=False)) as files:
        assert refused(f"{files.url}/a") == "FileSizeExceeded"


def test_a_file_that_changes_while_it_is_read_is_not_available() -> None:
    with serving(Files({"/a": CONTENT})) as files:
        remote = RemoteFile(f"{files.url}/a", HERE)
        files.version = '"2"'
        with pytest.raises(OpenEOError, match="changed while it was read"):
            remote.read_at(2 * BLOCK, 10)


def test_a_server_that_is_away_for_a_moment_is_waited_for_at_each_part() -> None:
    pauses: list[float] = []
    patience = Patience(60, sleep=pauses.append)
    with serving(Files({"/a": CONTENT}, busy=1)) as files:
        remote = RemoteFile(f"{files.url}/a", HERE, patience=patience)
        files.busy = 2
        assert remote.read_at(2 * BLOCK, 500) == CONTENT[2 * BLOCK : 2 * BLOCK + 500]
    assert pauses == [1, 1, 2]


def test_nobody_waits_without_patience() -> None:
    with serving(Files({"/a": CONTENT}, busy=1)) as files:
        assert refused(f"{files.url}/a") == "UrlNotAvailable"


def test_a_file_that_is_not_there_is_not_available() -> None:
    with serving(Files({})) as files:
        assert refused(f"{files.url}/a?token=secret") == "UrlNotAvailable"


def test_no_more_than_the_limit_is_transferred(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backends.ranges.MAX_TRANSFERRED", 2 * BLOCK)
    with serving(Files({"/a": CONTENT})) as files:
        remote = RemoteFile(f"{files.url}/a", HERE)
        with pytest.raises(OpenEOError) as caught:
            remote.read_at(0, len(CONTENT))
    assert caught.value.code == "FileSizeExceeded"
    assert f"More than {2 * BLOCK:,} bytes of one file are needed" in str(caught.value)
