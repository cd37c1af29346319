"""Everything that can be done with one federation, and its beginning and end."""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass, field

from aggregator.errors import DatabaseUnavailable
from aggregator.merging.oidc import issuer_of
from aggregator.settings import Settings
from aggregator.storage.database import Database
from aggregator.upstream.fleet import Fleet
from aggregator.upstream.issuers import Issuers
from aggregator.upstream.snapshots import Snapshots
from aggregator.usecases import monitoring
from aggregator.usecases.accounts import Accounts, trusted_issuers
from aggregator.usecases.admission import Admission
from aggregator.usecases.agreements import Agreements
from aggregator.usecases.availability import Availability
from aggregator.usecases.boards import Boards
from aggregator.usecases.bookkeeping import Bookkeeping
from aggregator.usecases.catalogue import Catalogue
from aggregator.usecases.estimates import Estimates
from aggregator.usecases.federated.desk import JobDesk
from aggregator.usecases.federated.waiting import Waiting
from aggregator.usecases.files import Files
from aggregator.usecases.items import Items
from aggregator.usecases.operators import Operators
from aggregator.usecases.policies import Policies
from aggregator.usecases.processing import Processing
from aggregator.usecases.profiles import Profiles
from aggregator.usecases.rounds import Threads
from aggregator.usecases.searches import Searches
from aggregator.usecases.services import Services
from aggregator.usecases.splitting import Splitting
from aggregator.usecases.user_processes import UserProcesses
from aggregator.usecases.views import View, only, whole
from aggregator.usecases.workspaces import Workspaces

LOG = logging.getLogger(__name__)

# Seconds after which whoever waits for the backends looks whether there is still a reason to.
STEP = 0.2


@dataclass
class Federation:
    """The use cases. `ready` starts what runs in the background, in the process that serves."""

    settings: Settings
    database: Database
    fleet: Fleet
    snapshots: Snapshots
    issuers: Issuers
    catalogue: Catalogue
    accounts: Accounts
    agreements: Agreements
    admission: Admission
    profiles: Profiles
    policies: Policies
    processing: Processing
    splitting: Splitting
    jobs: JobDesk
    waiting: Waiting
    background: Threads
    services: Services
    estimates: Estimates
    files: Files
    workspaces: Workspaces
    items: Items
    searches: Searches
    availability: Availability
    boards: Boards
    operators: Operators
    user_processes: UserProcesses
    bookkeeping: Bookkeeping | None = None
    _started: float | None = field(default=None, init=False)
    _is_ready: bool = field(default=False, init=False)
    _beginning: threading.Thread | None = field(default=None, init=False)
    _lock: threading.Lock = field(default_factory=threading.Lock, init=False)

    def start(self) -> None:
        """Open the database and begin to look after the backends."""
        with self._lock:
            if self._started is None:
                self._open_database()
                self.availability.start()
                self.snapshots.start()
                self.catalogue.start()
                if self.bookkeeping is not None:
                    self.bookkeeping.housekeeping.start()
                self.issuers.start(self._known_issuers)
                self.background.start()
                self._started = time.monotonic()
                self._beginning = threading.Thread(
                    target=self._prepare, args=(self._started,), name="beginning", daemon=True
                )
                self._beginning.start()

    def _open_database(self) -> None:
        """What needs no database works without; what needs it tries again."""
        try:
            self.database.create()
        except DatabaseUnavailable:
            LOG.warning("serving without the database until it can be opened")

    def _known_issuers(self) -> list[str]:
        named = trusted_issuers(self.settings.identity)
        if not self._is_ready:  # nothing is merged before all that there is could come
            return list(named)
        listed = self.catalogue.shelf(self.view(None)).providers
        return list(dict.fromkeys([*named, *map(issuer_of, listed)]))

    def ready(self) -> None:
        """Return when every backend was looked at once, or has had its time since the start."""
        if self._is_ready:
            return
        self.start()
        self._settle(self._started)

    def _prepare(self, begun: float) -> None:
        """Make what the first requests will ask for, before they do."""
        try:
            self._settle(begun)
            if self._started == begun:
                self.catalogue.shelf(self.view(None))
        except Exception:  # whoever asks for it will be told
            LOG.exception("the merged metadata could not be made")

    def _settle(self, begun: float | None) -> None:
        """Wait for the backends; nothing more is done if that start has been undone meanwhile."""
        end = (begun or 0.0) + self.settings.upstream.first_answer_deadline
        while not self.snapshots.wait_until_visited(min(max(end - time.monotonic(), 0.0), STEP)):
            if time.monotonic() >= end:
                LOG.warning("not every backend has answered since the start")
                break
            if self._started != begun:
                return
        with self._lock:
            if self._is_ready or self._started != begun:
                return
            self.catalogue.settle()
            self._is_ready = True
        self.issuers.wake()

    def stop(self) -> None:
        """End what runs in the background; `start` begins it again."""
        with self._lock:
            self._started, self._is_ready = None, False
            beginning, self._beginning = self._beginning, None
        if beginning is not None:
            beginning.join(5)
        self.background.stop()
        self.availability.stop()
        self.snapshots.stop()
        self.issuers.stop()
        self.catalogue.stop()
        if self.bookkeeping is not None:
            self.bookkeeping.housekeeping.stop()
        self.fleet.close()
        self.database.dispose()

    def refresh(self) -> None:
        """Look at every backend now, in this thread."""
        self.snapshots.refresh()

    def view(self, backend: str | None) -> View:
        """The whole federation, or that backend of it."""
        url = self.settings.public_url
        return whole(url) if backend is None else only(url, backend)

    def health(self, view: View) -> monitoring.Health:
        """How the federation is."""
        return monitoring.health(self.catalogue, view, self.issuers.standings())
