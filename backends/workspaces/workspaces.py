"""All workspaces of a backend: made, looked at, opened and deleted."""

import fcntl
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from backends.errors import OpenEOError
from backends.jobs.database import Database
from backends.limits import Limits
from backends.secret import read_or_make_key
from backends.workspaces.configuration import Offer
from backends.workspaces.folders import FolderPlace, FolderStorage, sweep
from backends.workspaces.places import BucketPlace
from backends.workspaces.providers import read_workspace
from backends.workspaces.records import (
    FOLDER,
    S3,
    State,
    Workspace,
    unavailable,
    workspace_not_found,
)
from backends.workspaces.sealing import Sealer
from backends.workspaces.storage import Storage
from backends.workspaces.store import WorkspaceStore

FOLDERS: Final = "workspaces"
LOCKS: Final = "workspace-locks"
KEY_FILE: Final = "secret.key"
LOCK_SECONDS: Final = 600.0
"""How long an export waits for others, which may write thousands of documents."""
_PAUSE: Final = 0.05


class Workspaces:
    """The workspaces of the backend whose data lie in ``folder``."""

    def __init__(self, database: Database, folder: Path, offer: Offer, limits: Limits) -> None:
        self.offer = offer
        self._limits = limits
        self._folder = folder
        key = read_or_make_key(folder / KEY_FILE)
        self.store = WorkspaceStore(database, Sealer(key))

    def tidy(self) -> None:
        """Remove what an earlier process left unfinished; while nothing is exported."""
        if self.offer.folders is not None:
            sweep(self._root())

    def create(self, body: Mapping[str, Any], user: str, now: datetime) -> str:
        """Make what a body of POST /workspaces asks for; its id. Raises what is wrong with it.

        A bucket that does not let the user in now is refused.
        """
        limits = self._limits
        new = read_workspace(body, user, self.offer, most_bytes=limits.workspace_bytes)
        workspace = Workspace(**vars(new), number=0, created=now)
        if new.provider == S3:
            state = self.storage(workspace, hasty=True).state()
            if state.problem:
                raise OpenEOError("WorkspaceUnavailable", state.problem)
        self.store.add(new, now, at_most=limits.workspaces)
        if new.provider == FOLDER:
            try:
                self._place(workspace).make()
            except BaseException:
                self.store.delete(new.id)
                raise
        return new.id

    def own(self, identifier: str, user: str) -> Workspace:
        """The user's workspace; raises ``WorkspaceNotFound``, also for those of others."""
        found = self.store.find(identifier, user)
        if found is None:
            raise workspace_not_found(identifier)
        return found

    def state(self, workspace: Workspace) -> State:
        """How it is just now, which is remembered."""
        try:
            state = self.storage(workspace, hasty=True).state()
        except OpenEOError as error:
            state = State(problem=error.message)
        self.store.note(workspace.id, state.problem)
        return state

    def delete(self, workspace: Workspace) -> None:
        """Forget it; a folder goes with all that is in it, a bucket stays."""
        self.store.delete(workspace.id)
        if workspace.provider == FOLDER and self.offer.folders is not None:
            self._place(workspace).delete()
        (self._folder / LOCKS / workspace.id).unlink(missing_ok=True)

    def storage(self, workspace: Workspace, *, hasty: bool = False) -> Storage:
        """What is behind it; ``hasty`` for those who only look and do not wait."""
        if workspace.provider == FOLDER and self.offer.folders is not None:
            return FolderStorage(self._place(workspace), workspace.quota or 0)
        if workspace.provider == S3 and self.offer.buckets is not None:
            # The library behind it takes its time to be imported.
            from backends.workspaces.buckets import LOOK_SECONDS, BucketStorage, Way

            way = Way(self.offer.buckets, LOOK_SECONDS, 1) if hasty else Way(self.offer.buckets)
            return BucketStorage(BucketPlace.from_json(workspace.place), workspace.secrets, way)
        raise unavailable(f"this backend no longer offers '{workspace.provider}'")

    @contextmanager
    def alone(self, workspace: Workspace) -> Iterator[None]:
        """Nobody else at this backend writes documents there; raises if that takes too long."""
        folder = self._folder / LOCKS
        folder.mkdir(mode=0o700, exist_ok=True)
        with (folder / workspace.id).open("w") as lock:
            _wait(lambda: fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB))
            yield

    def _root(self) -> Path:
        own = self.offer.folders.root if self.offer.folders else None
        return own or self._folder / FOLDERS

    def _place(self, workspace: Workspace) -> FolderPlace:
        # Below the backend's data nobody else looks; in a root of the operator's the rights are
        # those that new folders have there.
        shared = self.offer.folders is not None and self.offer.folders.root is not None
        mode = 0o777 if shared else 0o700
        return FolderPlace(self._root(), workspace.user, workspace.id, mode)


def _wait(lock: Callable[[], object]) -> None:
    ends = time.monotonic() + LOCK_SECONDS
    while True:
        try:
            lock()
            return
        except OSError:
            if time.monotonic() > ends:
                raise unavailable("other exports take too long to make way") from None
        time.sleep(_PAUSE)
