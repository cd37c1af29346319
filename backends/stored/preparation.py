"""What of a user's own things a job is given when it runs."""

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from backends.definitions import definitions
from backends.jobs.engine import Prepared
from backends.jobs.records import Job
from backends.profile import Profile
from backends.stored.files import UserFiles
from backends.stored.own_results import OwnResults
from backends.stored.processes import StoredProcesses
from backends.stored.resolution import resolve


class Preparation:
    """Resolves the stored processes that a job calls, as they are when it runs, and shows
    it the user's files and the results of the user's other jobs.
    """

    def __init__(
        self, profile: Profile, processes: StoredProcesses, files: UserFiles, results: OwnResults
    ) -> None:
        known = definitions()
        self._predefined = {name: known[name] for name in profile.processes}
        self._limit = profile.limits.graph_nodes
        self._processes = processes
        self._user_files = files
        self._results = results

    def __call__(self, job: Job) -> Prepared:
        """What is run for the job; raises what ``runnable`` raises."""
        return Prepared(self.runnable(job.process, job.user), self.files(job.user))

    def runnable(self, process: Mapping[str, Any], user: str) -> dict[str, Any]:
        """The user's process with nothing left to look up.

        Raises what ``resolve`` raises, and ``JobNotFound`` for results that are not the user's.
        """
        return self._results.opened(self.resolved(process, user), user)

    def files(self, user: str) -> Path:
        """The folder with the files of the user."""
        return self._user_files.folder(user)

    def resolved(self, process: Mapping[str, Any], user: str) -> dict[str, Any]:
        """The user's process, of predefined processes only."""

        @cache
        def find(process_id: str) -> Mapping[str, Any] | None:
            return self._processes.get(user, process_id)

        return resolve(process, find, self._predefined, max_nodes=self._limit)
