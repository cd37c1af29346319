"""The files that a user keeps: a folder of their own that no path leads out of."""

import os
import secrets
import threading
import unicodedata
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path
from typing import Final, Protocol

from backends.errors import OpenEOError
from backends.jobs.records import timestamp

MAX_PATH_BYTES: Final = 1000
MAX_NAME_BYTES: Final = 200
MAX_DEPTH: Final = 20
_CHUNK: Final = 1 << 20
_UNWANTED: Final = frozenset("\\:'\"<>|?*\ufffd")
_INVISIBLE: Final = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


class Source(Protocol):
    """Where the content of a new file comes from."""

    def read(self, size: int, /) -> bytes:
        """The next piece, empty at the end."""
        ...


@dataclass(frozen=True)
class StoredFile:
    """One file; ``path`` is relative to the user's folder, with forward slashes."""

    path: str
    size: int
    modified: datetime

    def as_json(self) -> dict[str, object]:
        """A workspace file of the openEO API."""
        return {"path": self.path, "size": self.size, "modified": timestamp(self.modified)}


def local_path(folder: Path, path: str) -> Path:
    """Where the file of that path lies, or would lie, in the user's ``folder``.

    Raises ``FilePathInvalid`` for whatever is no plain relative path. The file
    may still be missing; no link is followed out of the folder.
    """
    plain = unicodedata.normalize("NFC", path)
    names = plain.split("/")
    if len(plain.encode("utf-8", "replace")) > MAX_PATH_BYTES:
        raise _invalid(path, f"it is longer than {MAX_PATH_BYTES} bytes")
    if len(names) > MAX_DEPTH:
        raise _invalid(path, f"its folders are nested deeper than {MAX_DEPTH}")
    for name in names:
        if problem := problem_of(name):
            raise _invalid(path, problem)
    found = folder.joinpath(*names)
    if not found.resolve().is_relative_to(folder.resolve()):
        raise _invalid(path, "it leads out of the workspace")
    return found


def existing_file(folder: Path, path: str) -> Path:
    """Where the user's file of that path lies; raises ``FileNotFound`` and as ``local_path``,
    for a folder ``FileOperationUnsupported``.
    """
    found = local_path(folder, path)
    if found.is_dir():
        raise _is_folder(path)
    if not found.is_file():
        raise not_there(path)
    return found


class UserFiles:
    """The folders of all users, each with the same limits."""

    def __init__(self, folder: Path, *, quota: int, at_most: int) -> None:
        self.quota = quota
        self._at_most = at_most
        self._folder = folder
        self._uploads = folder / "uploads"
        self._lock = threading.Lock()
        self._uploads.mkdir(mode=0o700, parents=True, exist_ok=True)
        for left in self._uploads.iterdir():
            left.unlink()

    def folder(self, user: str) -> Path:
        """The folder of that user, whatever their name is made of."""
        found = self._folder / f"user-{sha256(user.encode()).hexdigest()[:32]}"
        found.mkdir(mode=0o700, exist_ok=True)
        return found

    def files(self, user: str) -> list[StoredFile]:
        """All files of the user, by path."""
        folder = self.folder(user)
        return sorted(_files_in(folder, folder), key=lambda file: file.path)

    def used(self, user: str) -> int:
        """Bytes that the user's files take."""
        return sum(file.size for file in self.files(user))

    def put(self, user: str, path: str, source: Source, *, announced: int = 0) -> StoredFile:
        """Store what comes from ``source`` under that path, in the place of what is there.

        The file is there whole or not at all; what is ``announced`` to be too many bytes is not
        begun with. Raises ``FilePathInvalid``,
        ``FileOperationUnsupported`` and ``StorageQuotaExceeded``.
        """
        target = local_path(self.folder(user), path)
        self._check_place(user, path, target, announced)
        upload = self._uploads / secrets.token_hex(16)
        try:
            size = self._receive(upload, source, self._room(user, target))
            with self._lock:
                self._check_place(user, path, target, size)
                target.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
                upload.replace(target)
                return _described(target, self.folder(user))
        finally:
            upload.unlink(missing_ok=True)

    def delete(self, user: str, path: str) -> None:
        """Remove a file, and the folders that this leaves empty; raises as ``existing_file``."""
        folder = self.folder(user)
        with self._lock:
            target = existing_file(folder, path)
            target.unlink()
            for parent in target.parents:
                if parent == folder or any(parent.iterdir()):
                    return
                parent.rmdir()

    def _room(self, user: str, target: Path) -> int:
        replaced = 0
        # It may be deleted at any time, with its folder.
        with suppress(FileNotFoundError, NotADirectoryError):
            replaced = target.stat().st_size
        return self.quota - self.used(user) + replaced

    def _receive(self, upload: Path, source: Source, room: int) -> int:
        size = 0
        with upload.open("xb") as file:
            while chunk := source.read(_CHUNK):
                size += len(chunk)
                if size > room:
                    raise self._full()
                file.write(chunk)
        return size

    def _check_place(self, user: str, path: str, target: Path, size: int) -> None:
        """Raise where the file cannot be put there now."""
        if target.is_dir():
            raise _is_folder(path)
        folder = self.folder(user)
        for parent in target.parents:
            if parent == folder:
                break
            # One look: between two, the folder may be deleted with its last file.
            if parent.is_file():
                name = parent.relative_to(folder).as_posix()
                raise _invalid(path, f"'{name}' is a file and no folder")
        if not target.exists() and len(self.files(user)) >= self._at_most:
            raise OpenEOError(
                "StorageQuotaExceeded", f"No more than {self._at_most} files can be stored."
            )
        if size > self._room(user, target):
            raise self._full()

    def _full(self) -> OpenEOError:
        return OpenEOError(
            "StorageQuotaExceeded",
            f"The file does not fit into your storage of {self.quota} bytes; delete others first.",
        )


def problem_of(name: str) -> str:
    """What is wrong with one name of a path, or nothing."""
    if name in ("", ".", ".."):
        return f"'{name}' cannot be the name of a file or folder"
    if any(letter in _UNWANTED or unicodedata.category(letter) in _INVISIBLE for letter in name):
        return "it holds characters that names of files cannot have"
    if len(name.encode("utf-8", "replace")) > MAX_NAME_BYTES:
        return f"one of its names is longer than {MAX_NAME_BYTES} bytes"
    if name != name.strip():
        return "a name starts or ends with a space"
    return ""


def _files_in(folder: Path, root: Path) -> Iterator[StoredFile]:
    try:
        entries = list(os.scandir(folder))
    except (FileNotFoundError, NotADirectoryError):
        return  # Deleted while we looked, as its last file was.
    for entry in entries:
        if entry.is_dir(follow_symlinks=False):
            yield from _files_in(Path(entry.path), root)
        elif entry.is_file(follow_symlinks=False):
            try:
                yield _described(Path(entry.path), root)
            except (FileNotFoundError, NotADirectoryError):
                continue  # Deleted while we looked.


def _described(file: Path, root: Path) -> StoredFile:
    found = file.stat()
    modified = datetime.fromtimestamp(found.st_mtime, UTC)
    return StoredFile(file.relative_to(root).as_posix(), found.st_size, modified)


def _invalid(path: str, reason: str) -> OpenEOError:
    shown = path[:200].encode("utf-8", "replace").decode()
    return OpenEOError("FilePathInvalid", f"The path '{shown}' is not possible: {reason}.")


def not_there(path: str) -> OpenEOError:
    """The error for a path under which the user keeps nothing."""
    return OpenEOError("FileNotFound", f"There is no file '{path[:200]}' in your workspace.")


def _is_folder(path: str) -> OpenEOError:
    return OpenEOError("FileOperationUnsupported", f"'{path[:200]}' is a folder, not a file.")
