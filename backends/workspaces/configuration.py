"""The section ``workspaces`` of a profile: which kinds of storage users may export to."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

from backends.addresses import AddressPolicy
from backends.configuration import Reader

EXPORTING: Final = "export_workspace"
"""The process that only those have who offer workspaces."""
_FOLDER_KEYS: Final = frozenset({"root"})
_BUCKET_KEYS: Final = frozenset({"hosts", "private", "own"})


@dataclass(frozen=True)
class Folders:
    """Folders that the backend makes for users. ``root`` is where; None: below its data."""

    root: Path | None = None

    def beside(self, folder: Path) -> "Folders":
        """The same with a relative root seen from that folder."""
        return self if self.root is None else replace(self, root=(folder / self.root).resolve())


@dataclass(frozen=True)
class Offer:
    """What a backend offers; at least one of the two where it offers anything."""

    folders: Folders | None = None
    buckets: AddressPolicy | None = None
    """The hosts on which users' buckets may lie."""

    def __bool__(self) -> bool:
        return self.folders is not None or self.buckets is not None

    def beside(self, folder: Path) -> "Offer":
        """The same with relative paths seen from that folder."""
        return self if self.folders is None else replace(self, folders=self.folders.beside(folder))


NOTHING: Final = Offer()


@dataclass(frozen=True)
class _Section:
    reader: Reader
    given: Mapping[str, Any] = field(default_factory=dict)

    def part(self, name: str, keys: frozenset[str]) -> dict[str, Any] | None:
        """A part of the section, None where it is left out; it may be empty."""
        if name not in self.given:
            return None
        value = self.given[name]
        found = self.reader.mapping(f"workspaces.{name}", {} if value is None else value)
        self.reader.unknown_keys(f"workspaces.{name}", found, keys)
        return found


def read_workspaces(reader: Reader, value: object) -> Offer:
    """The section; nothing is offered where it is left out. Mistakes go to the reader."""
    if value is None:
        return NOTHING
    given = reader.mapping("workspaces", value)
    reader.unknown_keys("workspaces", given, {"folder", "s3"})
    section = _Section(reader, given)
    return Offer(_folders(reader, section), _buckets(reader, section))


def _folders(reader: Reader, section: _Section) -> Folders | None:
    given = section.part("folder", _FOLDER_KEYS)
    if given is None:
        return None
    root = given.get("root")
    return Folders(None if root is None else Path(reader.text("workspaces.folder.root", root)))


def _buckets(reader: Reader, section: _Section) -> AddressPolicy | None:
    given = section.part("s3", _BUCKET_KEYS)
    if given is None:
        return None
    hosts = reader.names("workspaces.s3.hosts", given.get("hosts", ["*"]), None, empty=True)
    own = reader.names("workspaces.s3.own", given.get("own", []), None, empty=True)
    private = given.get("private", False)
    if not isinstance(private, bool):
        reader.add("workspaces.s3.private", "must be true or false")
    return AddressPolicy(hosts, bool(private), own)
