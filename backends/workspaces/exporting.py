"""Exporting results to a workspace: first the files, then the documents that refer to them."""

import contextlib
import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from backends.errors import OpenEOError, parameter_invalid
from backends.jobs.records import Asset, Job
from backends.profile import Profile
from backends.stored.files import MAX_DEPTH, problem_of
from backends.workspaces.collection import (
    COLLECTION,
    Document,
    Export,
    encoded,
    exported,
    files_of,
    media_type,
    merged,
    now_written,
    read_collection,
)
from backends.workspaces.records import Workspace, unavailable
from backends.workspaces.storage import ChangedError, Storage
from backends.workspaces.workspaces import Workspaces

PATH_BYTES: Final = 400
TRIES: Final = 20
"""How often an export begins its documents anew because somebody else wrote the collection."""

Log = Callable[[str, str], None]


@dataclass(frozen=True)
class Target:
    """Where an export goes: a folder (empty, or ending with a slash) and a document in it."""

    folder: str
    document: str

    @property
    def path(self) -> str:
        """The path of the collection."""
        return f"{self.folder}{self.document}"


def target_of(merge: object, separate: str) -> Target:
    """The place that the argument `merge` means; without one the folder ``separate``.

    A path that ends with `.json` names the collection, any other the folder that has it. Raises
    ``ProcessParameterInvalid`` for what is no plain path inside the workspace.
    """
    if merge is None:
        return Target(f"{separate}/", COLLECTION)
    if not isinstance(merge, str):
        raise _invalid("it must be a path or null.")
    names = merge.removeprefix("/").removesuffix("/").split("/")
    if len(merge.encode("utf-8", "replace")) > PATH_BYTES or len(names) > MAX_DEPTH:
        raise _invalid(f"it is longer than {PATH_BYTES} bytes, or deeper than {MAX_DEPTH} folders.")
    for name in names:
        if problem := problem_of(name):
            raise _invalid(f"{problem}.")
    if names[-1].endswith(".json"):
        *folders, document = names
        return Target("".join(f"{name}/" for name in folders), document)
    return Target("".join(f"{name}/" for name in names), COLLECTION)


class Exporter:
    """Exports results of one job to workspaces of its user."""

    def __init__(self, workspaces: Workspaces, profile: Profile, job: Job, log: Log) -> None:
        self._workspaces = workspaces
        self._profile = profile
        self._job = job
        self._log = log

    def __call__(
        self, files: Sequence[tuple[Asset, Path]], identifier: str, merge: str | None
    ) -> None:
        """Write the files as a static STAC collection, or into the one at the path ``merge``.

        Again it gives the same. What fails leaves a collection as it was. Raises
        ``WorkspaceNotFound``, ``ProcessParameterInvalid`` and what the storage raises.
        """
        workspace = self._workspaces.own(identifier, self._job.user)
        name = _separate_name(self._job, [asset for asset, _ in files])
        target = target_of(merge, name)
        storage = self._workspaces.storage(workspace)
        found = [exported(self._job, asset, file) for asset, file in files]
        export = Export(self._job, self._profile, found, name, target.document)
        with _undone(storage) as uploaded:
            for one in found:
                path = f"{target.folder}{one.path}"
                if not storage.holds(path, one.asset.size):
                    storage.put(path, one.file, one.asset.media_type)
                    uploaded.append(path)
            # From here on there may be documents that refer to the files.
            with self._workspaces.alone(workspace):
                self._check_there(workspace)
                self._read(storage, target)
                uploaded.clear()
                self._write(storage, target, export)
        said = f"Exported {len(found)} file(s) to '{target.path}' in workspace '{workspace.id}'."
        self._log("info", said)

    def _write(self, storage: Storage, target: Target, export: Export) -> None:
        """Items first, then the collection, then what nothing refers to any more is removed."""
        for _ in range(TRIES):
            existing, version = self._read(storage, target)
            new = export.collection()
            whole = merged(existing, new, now_written(export)) if existing else new
            left: list[str] = []
            for path, item in export.items(whole["id"]):
                place = f"{target.folder}{path}"
                left += _replaced(storage, place, item)
                storage.overwrite(place, encoded(item), media_type(place))
            try:
                storage.write(
                    target.path, encoded(whole), media_type(COLLECTION), instead_of=version
                )
            except ChangedError:
                continue
            for path in left:
                storage.remove(path)
            return
        raise unavailable("others change the collection all the time")

    def _read(self, storage: Storage, target: Target) -> tuple[Document | None, str]:
        stored = storage.read(target.path)
        if stored is None:
            return None, ""
        return read_collection(stored.content, target.path), stored.version

    def _check_there(self, workspace: Workspace) -> None:
        """Raise where the workspace was deleted while files were being copied."""
        self._workspaces.own(workspace.id, workspace.user)


@contextlib.contextmanager
def _undone(storage: Storage) -> Iterator[list[str]]:
    """Removes the files in the list that it gives if what is done in this context fails."""
    uploaded: list[str] = []
    try:
        yield uploaded
    except BaseException:
        for path in uploaded:
            # It has failed already, and why it did is to be told.
            with contextlib.suppress(OpenEOError):
                storage.remove(path)
        raise


def _replaced(storage: Storage, path: str, item: Document) -> list[str]:
    """The files of the item that was at that path, as far as the new one does not have them."""
    stored = storage.read(path)
    try:
        before = json.loads(stored.content) if stored else None
    except (ValueError, RecursionError):
        return []
    folder = path.rpartition("/")[0]
    old = files_of(before if isinstance(before, dict) else None) - files_of(item)
    return [f"{folder}/{name}" for name in sorted(old)]


def _separate_name(job: Job, assets: Sequence[Asset]) -> str:
    """What a collection of its own is called: each saving of a job has one, the same each time."""
    numbers = {asset.name.split("/")[0] for asset in assets if "/" in asset.name}
    return f"{job.id}-{min(numbers)}" if len(numbers) == 1 else job.id


def _invalid(reason: str) -> OpenEOError:
    return parameter_invalid("export_workspace", "merge", reason)
