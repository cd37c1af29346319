"""How members stand, kept beside what is known of them: routing, lists and pages read one state.

The record in the database is looked at every few seconds, in the background; requests read memory.
"""

from __future__ import annotations

import logging
import threading

from sqlalchemy import Connection

from aggregator.errors import DatabaseUnavailable
from aggregator.health.standing import standing_of
from aggregator.storage.database import Database
from aggregator.storage.events import last_event
from aggregator.storage.verdicts import read_steps
from aggregator.upstream.snapshots import Snapshots

LOG = logging.getLogger(__name__)

LOOK_SECONDS = 2.0
RETRY_SECONDS = 30.0


class Standings:
    """Takes standings from the record to the members' snapshots, between `start` and `stop`."""

    def __init__(self, database: Database, snapshots: Snapshots) -> None:
        self._database, self._snapshots = database, snapshots
        self._seen = -1
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def refresh(self) -> None:
        """Look now. Raises DatabaseUnavailable; what was known then stays."""
        with self._database.read() as connection:
            latest = last_event(connection)
            if latest != self._seen:
                self._take(connection)
                self._seen = latest

    def start(self) -> None:
        """Look now, and again and again; a second call changes nothing."""
        if self._thread is None:
            self._stopping.clear()
            pause = self._looked()
            self._thread = threading.Thread(
                target=self._run, args=(pause,), name="standings", daemon=True
            )
            self._thread.start()

    def stop(self) -> None:
        """End the thread."""
        thread, self._thread = self._thread, None
        self._stopping.set()
        if thread is not None:
            thread.join(LOOK_SECONDS)

    def _run(self, pause: float) -> None:
        while not self._stopping.wait(pause):
            pause = self._looked()

    def _looked(self) -> float:
        """The seconds until the next look."""
        try:
            self.refresh()
        except DatabaseUnavailable:
            return RETRY_SECONDS
        except Exception:  # the thread outlives what nobody thought of
            LOG.exception("how members stand could not be read")
            return RETRY_SECONDS
        return LOOK_SECONDS

    def _take(self, connection: Connection) -> None:
        steps = read_steps(connection)
        for backend in self._snapshots.current():
            standing = standing_of(backend, steps.get(backend, []))
            self._snapshots.member(backend).stands(standing)
