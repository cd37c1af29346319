"""Files of one user that several requests change at the same time."""

import io
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from backends.errors import OpenEOError
from backends.stored.files import UserFiles

PATH = "deep/er/a.bin"


@pytest.fixture
def restless() -> Iterator[None]:
    """Threads take turns as often as they can."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    yield
    sys.setswitchinterval(before)


@pytest.mark.usefixtures("restless")
def test_a_folder_that_goes_with_its_last_file_is_never_taken_for_a_file(tmp_path: Path) -> None:
    files = UserFiles(tmp_path / "files", quota=1_000_000, at_most=10)

    def come_and_go(number: int) -> set[str]:
        refusals = set()
        for turn in range(300):
            try:
                if (number + turn) % 2:
                    files.put("alice", PATH, io.BytesIO(b"12345"))
                else:
                    files.delete("alice", PATH)
            except OpenEOError as refused:
                refusals.add(refused.code)
        return refusals

    with ThreadPoolExecutor(8) as pool:
        refusals: set[str] = set().union(*pool.map(come_and_go, range(8)))
    assert refusals <= {"FileNotFound"}
