"""What can be done with the storage behind a workspace, whatever it is."""

from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Protocol

from backends.workspaces.records import State

DOCUMENT_BYTES: Final = 20_000_000
"""A document to be merged into may be so large."""


@dataclass(frozen=True)
class Stored:
    """A document as it was read; ``version`` changes with its content."""

    content: bytes
    version: str


class ChangedError(Exception):
    """A document is no longer what it was when it was read."""


class Storage(Protocol):
    """Files under paths with forward slashes; each is there whole or not at all.

    All raise ``OpenEOError`` (``WorkspaceUnavailable``, ``WorkspaceNotFound``,
    ``StorageFailure``, ``UrlNotAllowed``) where the storage does not let them.
    """

    def state(self) -> State:
        """How the storage is; asks it, and raises nothing."""

    def holds(self, path: str, size: int) -> bool:
        """Whether there is a file of that path and size."""

    def put(self, path: str, file: Path, media_type: str) -> None:
        """Copy a file to that path."""

    def read(self, path: str) -> Stored | None:
        """The document of that path, if there is one; `ProcessParameterInvalid` if too large."""

    def write(self, path: str, content: bytes, media_type: str, *, instead_of: str = "") -> None:
        """Put a document in the place of that version; without one there must be none yet.

        Raises ``ChangedError`` where somebody else wrote it meanwhile.
        """

    def overwrite(self, path: str, content: bytes, media_type: str) -> None:
        """Put a document there, whatever was there before."""

    def remove(self, path: str) -> None:
        """Remove a file; nothing happens where there is none."""


Opened = AbstractContextManager[Storage]
