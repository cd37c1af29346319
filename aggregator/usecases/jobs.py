"""Batch jobs: each lives at one backend, under a federated id that says at which."""

from __future__ import annotations

from collections.abc import Mapping

from aggregator.errors import JobNotFound
from aggregator.upstream.client import Request
from aggregator.usecases.accounts import Access
from aggregator.usecases.resources import FAILED_JOB, Reply, Resources, marked
from aggregator.usecases.views import View


class Jobs(Resources):
    """What can be done with batch jobs."""

    collection = "jobs"
    unknown = JobNotFound

    def estimate(self, job_id: str, access: Access, view: View) -> Reply:
        """What the job may cost and take."""
        return self._reply(job_id, Request("GET", "/estimate"), access, view)

    def start(self, job_id: str, access: Access, view: View) -> Reply:
        """Queue a job."""
        return self._reply(job_id, Request("POST", "/results"), access, view)

    def cancel(self, job_id: str, access: Access, view: View) -> Reply:
        """Stop a job."""
        return self._reply(job_id, Request("DELETE", "/results"), access, view)

    def results(
        self, job_id: str, query: Mapping[str, str], accept: str, access: Access, view: View
    ) -> Reply:
        """A job's results as STAC, the assets at the backend's own addresses.

        A failed job's 424 passes as it is: its body is a log entry.
        """
        request = Request("GET", "/results", query, headers={"Accept": accept}, passed=FAILED_JOB)
        return self._reply(job_id, request, access, view, marked)
