"""How members stand, kept beside what is known of them: routing, lists and pages read one state.

The record in the database is looked at every few seconds, in the background; requests read memory.
"""

from __future__ import annotations

from sqlalchemy import Connection

from aggregator.health.standing import standing_of
from aggregator.storage.database import Database
from aggregator.storage.events import last_event
from aggregator.storage.verdicts import read_steps
from aggregator.upstream.snapshots import Snapshots
from aggregator.usecases.rounds import Rounds

LOOK_SECONDS = 2.0
RETRY_SECONDS = 30.0


class Standings(Rounds):
    """Takes standings from the record to the members' snapshots."""

    work, retry = "reading how members stand", RETRY_SECONDS

    def __init__(self, database: Database, snapshots: Snapshots) -> None:
        super().__init__()
        self._database, self._snapshots = database, snapshots
        self._seen = -1

    def refresh(self) -> None:
        """Look now. Raises DatabaseUnavailable; what was known then stays."""
        with self._database.read() as connection:
            latest = last_event(connection)
            if latest != self._seen:
                self._take(connection)
                self._seen = latest

    def step(self) -> float:
        """Look; the seconds until the next look."""
        self.refresh()
        return LOOK_SECONDS

    def _take(self, connection: Connection) -> None:
        steps = read_steps(connection)
        for backend in self._snapshots.current():
            standing = standing_of(backend, steps.get(backend, []))
            self._snapshots.member(backend).stands(standing)
