"""Workspaces that are folders of the backend's own making.

The names of a path are opened one below the other and no link is followed, so that whoever may
write into a folder cannot lead the backend out of it, not even while it looks.
"""

import contextlib
import errno
import os
import secrets
import shutil
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import IO, Final

from backends.errors import OpenEOError, parameter_invalid
from backends.workspaces.records import State, unavailable, workspace_not_found
from backends.workspaces.storage import DOCUMENT_BYTES, ChangedError, Stored

_OPEN_FOLDER: Final = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_LEADS_OUT: Final = frozenset({errno.ELOOP, errno.ENOTDIR})
_FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG})
_DELETED: Final = ".deleted-"
_PART: Final = ".part-"


@dataclass(frozen=True)
class FolderPlace:
    """Where the folder of a workspace lies; ``mode`` is what new folders are made with."""

    root: Path
    user: str
    identifier: str
    mode: int = 0o700

    @property
    def owner(self) -> str:
        """The name of the folder with all workspaces of the user, whatever they are called."""
        return f"user-{sha256(self.user.encode()).hexdigest()[:32]}"

    @property
    def path(self) -> Path:
        """Where it lies, for people; nothing is opened by it."""
        return self.root / self.owner / self.identifier

    def make(self) -> None:
        """Make the folder, which must be new."""
        self.root.mkdir(mode=self.mode, parents=True, exist_ok=True)
        with _failing(), contextlib.closing(_Folder(os.open(self.root, os.O_RDONLY))) as root:
            root.made(self.owner, self.mode)
            with root.below(self.owner) as owner:
                os.mkdir(self.identifier, self.mode, dir_fd=owner.descriptor)

    def delete(self) -> None:
        """Remove the folder with all that is in it, at once for whoever comes after."""
        gone = f"{_DELETED}{secrets.token_hex(8)}"
        with _failing(), contextlib.suppress(FileNotFoundError), self.owned() as owner:
            os.rename(
                self.identifier, gone, src_dir_fd=owner.descriptor, dst_dir_fd=owner.descriptor
            )
            # An export that is under way may still put something into it: that goes later.
            shutil.rmtree(gone, ignore_errors=True, dir_fd=owner.descriptor)

    @contextlib.contextmanager
    def opened(self) -> "Iterator[_Folder]":
        """The folder, for as long as the context lasts."""
        with self.owned() as owner, owner.below(self.identifier) as folder:
            yield folder

    @contextlib.contextmanager
    def owned(self) -> "Iterator[_Folder]":
        """The folder with all workspaces of the user, likewise."""
        root = _Folder(os.open(self.root, os.O_RDONLY))
        with contextlib.closing(root), root.below(self.owner) as owner:
            yield owner


def sweep(root: Path) -> None:
    """Remove what earlier processes left of deleted workspaces and of unfinished copies."""
    for left in (*root.glob(f"user-*/{_DELETED}*"), *root.glob(f"user-*/{_PART}*")):
        if left.is_dir() and not left.is_symlink():
            shutil.rmtree(left, ignore_errors=True)
        else:
            left.unlink(missing_ok=True)


class FolderStorage:
    """One such folder. ``quota`` is in bytes."""

    def __init__(self, place: FolderPlace, quota: int) -> None:
        self._place = place
        self._quota = quota

    def state(self) -> State:
        """How full it is."""
        try:
            with self._failing(), self._place.opened() as folder:
                free = max(self._quota - folder.used(), 0)
        except OpenEOError as error:
            return State(problem=error.message)
        return State(url=self._place.path.as_uri(), free=free)

    def holds(self, path: str, size: int) -> bool:
        """Whether there is a file of that path and size."""
        try:
            with self._failing(), self._parent(path) as (folder, name):
                found = os.stat(name, dir_fd=folder.descriptor, follow_symlinks=False)
        except FileNotFoundError:
            return False
        return stat.S_ISREG(found.st_mode) and found.st_size == size

    def put(self, path: str, file: Path, media_type: str) -> None:  # noqa: ARG002  for buckets
        """Copy the file; raises ``StorageQuotaExceeded`` where it does not fit in."""
        with file.open("rb") as source:
            self._place_file(
                path, file.stat().st_size, lambda target: shutil.copyfileobj(source, target)
            )

    def read(self, path: str) -> Stored | None:
        """The document, if there is one and it is a plain file."""
        try:
            with self._failing(), self._parent(path) as (folder, name), folder.file(name) as file:
                content = file.read(DOCUMENT_BYTES + 1)
        except FileNotFoundError:
            return None
        if len(content) > DOCUMENT_BYTES:
            raise parameter_invalid(
                "export_workspace", "merge", f"'{path}' is larger than {DOCUMENT_BYTES} bytes."
            )
        return Stored(content, sha256(content).hexdigest())

    def write(self, path: str, content: bytes, media_type: str, *, instead_of: str = "") -> None:
        """Write the document; a lock of the caller's keeps others of this backend away."""
        found = self.read(path)
        if (found.version if found else "") != instead_of:
            raise ChangedError(path)
        self.overwrite(path, content, media_type)

    def overwrite(self, path: str, content: bytes, media_type: str) -> None:  # noqa: ARG002
        """Write the document."""
        self._place_file(path, len(content), lambda target: target.write(content))

    def remove(self, path: str) -> None:
        """Remove the file."""
        with (
            contextlib.suppress(FileNotFoundError),
            self._failing(),
            self._parent(path) as (folder, name),
        ):
            os.unlink(name, dir_fd=folder.descriptor)

    def _place_file(self, path: str, size: int, fill: Callable[[IO[bytes]], object]) -> None:
        part = f"{_PART}{secrets.token_hex(8)}"
        with self._failing(), self._place.owned() as owner, self._parent(path, make=True) as found:
            folder, name = found
            with self._place.opened() as whole:
                if whole.used() + size > self._quota:
                    raise _full(self._quota)
            try:
                # Beside the workspace, so that nobody ever sees half a file in it.
                with owner.new_file(part) as target:
                    fill(target)
                    target.flush()
                    os.fsync(target.fileno())
                os.rename(part, name, src_dir_fd=owner.descriptor, dst_dir_fd=folder.descriptor)
            except BaseException:
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(part, dir_fd=owner.descriptor)
                raise

    @contextlib.contextmanager
    def _parent(self, path: str, *, make: bool = False) -> "Iterator[tuple[_Folder, str]]":
        """The folder in which the file of that path lies or will lie, and its name there."""
        *folders, name = path.split("/")
        with contextlib.ExitStack() as open_ones:
            folder = open_ones.enter_context(self._place.opened())
            for between in folders:
                if make:
                    folder.made(between, self._place.mode)
                folder = open_ones.enter_context(folder.below(between))
            yield folder, name

    @contextlib.contextmanager
    def _failing(self) -> Iterator[None]:
        """The boundary to the disk. ``FileNotFoundError`` passes while the folder is there."""
        try:
            with _failing():
                yield
        except FileNotFoundError:
            try:
                with self._place.opened():
                    pass
            except OSError:
                raise workspace_not_found(self._place.identifier) from None
            raise


class _Folder:
    """An open folder."""

    def __init__(self, descriptor: int) -> None:
        self.descriptor = descriptor

    def close(self) -> None:
        os.close(self.descriptor)

    @contextlib.contextmanager
    def below(self, name: str) -> "Iterator[_Folder]":
        """The folder of that name in it; ``OSError`` for a link."""
        descriptor = os.open(name, _OPEN_FOLDER, dir_fd=self.descriptor)
        with contextlib.closing(_Folder(descriptor)) as folder:
            yield folder

    def made(self, name: str, mode: int) -> None:
        """Make the folder of that name unless it is there."""
        with contextlib.suppress(FileExistsError):
            os.mkdir(name, mode, dir_fd=self.descriptor)

    def file(self, name: str) -> IO[bytes]:
        """A plain file in it, to be read; whoever waits in a pipe is not waited for."""
        flags = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        descriptor = os.open(name, flags, dir_fd=self.descriptor)
        if not stat.S_ISREG(os.fstat(descriptor).st_mode):
            os.close(descriptor)
            raise unavailable(f"'{name}' in its folder is no plain file")
        return os.fdopen(descriptor, "rb")

    def new_file(self, name: str) -> IO[bytes]:
        """A new file in it, to be written."""
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC
        return os.fdopen(os.open(name, flags, 0o666, dir_fd=self.descriptor), "wb")

    def used(self) -> int:
        """Bytes of all files below; what vanishes meanwhile takes none."""
        total = 0
        for _, _, names, descriptor in os.fwalk(".", dir_fd=self.descriptor, follow_symlinks=False):
            for name in names:
                with contextlib.suppress(FileNotFoundError):
                    total += os.lstat(name, dir_fd=descriptor).st_size
        return total


@contextlib.contextmanager
def _failing() -> Iterator[None]:
    """What goes wrong on a disk, in openEO's words; ``FileNotFoundError`` passes."""
    try:
        yield
    except FileNotFoundError:
        raise
    except OSError as error:
        if error.errno in _LEADS_OUT:
            raise unavailable("a link or a file stands where a folder should be") from None
        if error.errno in _FULL:
            raise OpenEOError("StorageFailure", "There is no room left on the disk.") from None
        reason = os.strerror(error.errno or 0)
        raise OpenEOError("StorageFailure", f"The folder cannot be used: {reason}.") from None


def _full(quota: int) -> OpenEOError:
    return OpenEOError(
        "StorageQuotaExceeded", f"The results do not fit into the workspace of {quota} bytes."
    )
