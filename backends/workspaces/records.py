"""What is known of one workspace."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Final, Literal

from backends.errors import OpenEOError

Provider = Literal["folder", "S3"]

FOLDER: Final = "folder"
S3: Final = "S3"


@dataclass(frozen=True)
class NewWorkspace:
    """What a user creates or registers: checked, but not yet stored.

    ``place`` says where the storage is, as its provider needs it. ``secrets`` open it; they are
    kept sealed and are never shown. ``quota`` is in bytes.
    """

    id: str
    user: str
    provider: Provider
    place: Mapping[str, str] = field(default_factory=dict)
    secrets: Mapping[str, str] = field(default_factory=dict, repr=False)
    title: str | None = None
    description: str | None = None
    quota: int | None = None


@dataclass(frozen=True, kw_only=True)
class Workspace(NewWorkspace):
    """One workspace as stored; ``number`` grows with time.

    ``problem`` says why it could not be used when it was last asked; empty if it could.
    """

    number: int
    created: datetime
    problem: str = ""


@dataclass(frozen=True)
class State:
    """How a workspace is just now: ``problem`` is empty where it can be written to.

    ``url`` is where it lies, ``free`` how many bytes fit in, where that is known, and
    ``properties`` what else its provider tells.
    """

    problem: str = ""
    url: str = ""
    free: int | None = None
    properties: Mapping[str, Any] = field(default_factory=dict)


def workspace_not_found(identifier: str) -> OpenEOError:
    """No such workspace, or not one of this user's: the two look the same."""
    return OpenEOError("WorkspaceNotFound", f"You have no workspace '{identifier[:100]}'.")


def unavailable(reason: str) -> OpenEOError:
    """The storage cannot be used now; the reason is a part of a sentence."""
    return OpenEOError("WorkspaceUnavailable", f"The workspace cannot be used: {reason}.")
