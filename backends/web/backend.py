"""What the views share: the parts of the one backend that this application is."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Final, cast

from flask import current_app

from backends.accounting.sender import Sender
from backends.jobs.lifecycle import Lifecycle
from backends.jobs.store import Store
from backends.jobs.synchronous import Synchronous
from backends.oidc.access import Access
from backends.profile import Profile
from backends.stored.drawing import Drawing
from backends.stored.files import UserFiles
from backends.stored.preparation import Preparation
from backends.stored.processes import StoredProcesses
from backends.stored.services import Services
from backends.web.signing import LinkSigner, Tokens
from backends.workspaces.workspaces import Workspaces

KEY: Final = "backend"


@dataclass(frozen=True)
class Backend:
    """One backend. ``collections`` and ``processes`` are its documents by id."""

    profile: Profile
    collections: dict[str, dict[str, Any]]
    processes: dict[str, dict[str, Any]]
    store: Store
    preparation: Preparation
    stored_processes: StoredProcesses
    files: UserFiles
    workspaces: Workspaces
    lifecycle: Lifecycle
    synchronous: Synchronous
    services: Services
    drawing: Drawing
    tokens: Tokens
    access: Access
    signer: LinkSigner
    clock: Callable[[], datetime]
    sender: Sender | None = None
    """Reports usage, where it is reported; not started yet."""


def backend() -> Backend:
    """The backend that answers the current request."""
    return cast(Backend, current_app.extensions[KEY])
