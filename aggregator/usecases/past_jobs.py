"""How long a job may take where its backend does not say: by what past jobs there took."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from aggregator.documents import JsonObject, text
from aggregator.ledger.durations import Durations, iso_8601, summarised
from aggregator.storage.database import Database
from aggregator.storage.durations import durations_of
from aggregator.usecases.credits import tolerated

BY = "federation:estimated-by"
TIME = "federation:duration"


class PastJobs:
    """What usage reports tell of the time that batch jobs take; `now` gives milliseconds."""

    def __init__(self, database: Database, now: Callable[[], int]) -> None:
        self._database, self._now = database, now

    def durations(self, provider: str) -> Durations | None:
        """Of the latest jobs of all users there; None if too few are known."""
        found: list[int] = []
        with tolerated("it is not known how long jobs take"):
            found = durations_of(self._database, provider, self._now())
        return summarised(found)

    def timed(self, provider: str, estimate: JsonObject) -> dict[str, Any]:
        """The estimate with a `duration`, if any is known, and `federation:duration` whose it is.

        The backend's own counts before that of past jobs, which says how many these are.
        """
        if TIME in estimate:
            return dict(estimate)
        if text(estimate, "duration"):
            return {**estimate, TIME: {BY: provider}}
        known = self.durations(provider)
        if known is None:
            return dict(estimate)
        told = {BY: "federation", **known.as_json()}
        return {**estimate, "duration": iso_8601(known.median), TIME: told}
