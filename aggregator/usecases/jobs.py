"""Batch jobs: each lives at one backend, under a federated id that says at which."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial
from itertools import groupby

from aggregator.documents import JsonObject, text
from aggregator.errors import BackendFailure, JobNotFound, OpenEOError
from aggregator.ledger.events import Hold
from aggregator.upstream.client import Request
from aggregator.upstream.failures import FAILURES, tells_nothing
from aggregator.usecases.accounts import Access
from aggregator.usecases.credits import BATCH
from aggregator.usecases.job_accounts import JobAccounts
from aggregator.usecases.listings import Item
from aggregator.usecases.resources import FAILED_JOB, Reply, Resources, named
from aggregator.usecases.views import View

MISSING = "federation:missing"
AT_WORK = frozenset({"queued", "running"})


class Jobs(Resources):
    """What can be done with batch jobs."""

    collection = "jobs"
    activity = BATCH
    unknown = JobNotFound

    def read(self, identifier: str, access: Access, view: View) -> Reply:
        """The full metadata of a job, with its costs and usage as they were reported."""
        accounts, (backend, _) = self._accounts, self._located(identifier, view)
        if accounts is None or not accounts.accounts_for(backend):
            return super().read(identifier, access, view)
        asked = accounts.now()

        def shaped(backend: str, document: JsonObject) -> JsonObject:
            accounts.see(access, backend, [document], asked)
            restored = self._processing.translation.restored(document, backend, view)
            return named(backend, accounts.in_full(access, backend, restored))

        return self._reply(identifier, Request("GET", ""), access, view, shaped)

    def delete(self, identifier: str, access: Access, view: View) -> Reply:
        """Delete a job with all that belongs to it."""
        reply = super().delete(identifier, access, view)
        backend, local_id = self._located(identifier, view)
        if self._accounts is not None and self._accounts.accounts_for(backend):
            self._accounts.ended(access, backend, local_id, "deleted")
        return reply

    def check_plan(self, backend: str, plan: str | None) -> None:
        """Raises BillingPlanInvalid if the backend is known not to offer the plan."""
        self._processing.check_plan(backend, plan)

    def estimate(self, job_id: str, access: Access, view: View) -> Reply:
        """What the job may cost and take; by the backend, or else by its published rates.

        A backend that has not said whether it knows is in `federation:missing`.
        """
        accounts, (backend, local_id) = self._accounts, self._located(job_id, view)
        if accounts is None or not accounts.accounts_for(backend):
            return self._reply(job_id, Request("GET", "/estimate"), access, view)
        stated, missing = self._estimated(backend, local_id, access, view)
        job = self._document(backend, local_id, "", access)
        found = accounts.estimate(backend, job, stated)
        if found is None:
            return self._reply(job_id, Request("GET", "/estimate"), access, view)
        return Reply(200, {**found, MISSING: missing} if missing else found)

    def start(self, job_id: str, access: Access, view: View) -> Reply:
        """Queue a job, once what it is expected to cost is put aside.

        Raises NoBackendForProcess if its backend is excluded from new work.
        """
        self._takes_work(job_id, view)
        accounts, (backend, local_id) = self._accounts, self._located(job_id, view)
        start = Request("POST", "/results")
        if accounts is None or not accounts.accounts_for(backend):
            return self._reply(job_id, start, access, view)
        asked = accounts.now()
        job = self._document(backend, local_id, "", access)
        accounts.see(access, backend, [job], asked)
        opened = None
        if text(job, "status") not in AT_WORK:
            estimate, _ = self._estimated(backend, local_id, access, view)
            opened = accounts.begin(
                access, backend, job, activity=BATCH, asked=asked, estimate=estimate
            )
        with self._called_off_unless(opened, partial(self._is_at_work, backend, local_id, access)):
            reply = self._reply(job_id, start, access, view)
        accounts.started(access, backend, local_id)
        return reply

    def cancel(self, job_id: str, access: Access, view: View) -> Reply:
        """Stop a job. What was put aside for one that cost nothing is given back at once."""
        accounts, (backend, local_id) = self._accounts, self._located(job_id, view)
        stop = Request("DELETE", "/results")
        if accounts is None or not accounts.accounts_for(backend):
            return self._reply(job_id, stop, access, view)
        asked = accounts.now()
        reply = self._reply(job_id, stop, access, view)
        accounts.ended(access, backend, local_id, "canceled")
        if held := accounts.waits_for_usage(access, backend, local_id, asked):
            with suppress(OpenEOError):  # it was canceled all the same
                self._spare(accounts, backend, local_id, access, held)
        return reply

    def _spare(
        self,
        accounts: JobAccounts,
        backend: str,
        local_id: str,
        access: Access,
        held: Sequence[Hold],
    ) -> None:
        """Gives back what was put aside for a canceled job, if its backend says it cost nothing.

        It is asked again if somebody has started the job meanwhile, before or after it answered.
        """
        document = self._document(backend, local_id, "", access)
        if accounts.spared(held, document):
            return
        accounts.ended(access, backend, local_id, "canceled")
        document = self._document(backend, local_id, "", access)
        if text(document, "status") in AT_WORK:
            accounts.started(access, backend, local_id)
        accounts.spared(held, document)

    def _shown(self, items: Sequence[Item], access: Access, asked: int) -> Sequence[Item]:
        """The jobs with their costs as they were reported."""
        accounts = self._accounts
        if accounts is None:
            return items
        shown: list[Item] = []
        for backend, found in groupby(items, key=lambda item: item.backend):
            group = list(found)
            documents = [item.document for item in group]
            if accounts.accounts_for(backend):
                accounts.see(access, backend, documents, asked)
                documents = accounts.costed(access, backend, documents)
            shown += [replace(i, document=d) for i, d in zip(group, documents, strict=True)]
        return shown

    def _estimated(
        self, backend: str, local_id: str, access: Access, view: View
    ) -> tuple[JsonObject | None, list[str]]:
        """The backend's own estimate, if it gives one, and who fails to say."""
        if backend not in self._catalogue.offering(view, "GET /jobs/{job_id}/estimate"):
            return None, []
        try:
            return self._document(backend, local_id, "/estimate", access), []
        except FAILURES as failure:
            return None, [] if tells_nothing(failure) else [backend]

    def _is_at_work(self, backend: str, local_id: str, access: Access) -> bool:
        return text(self._document(backend, local_id, "", access), "status") in AT_WORK

    def results(
        self, job_id: str, query: Mapping[str, str], accept: str, access: Access, view: View
    ) -> Reply:
        """A job's results as STAC, the assets at the backend's own addresses.

        A failed job's 424 passes as it is: its body is a log entry.
        """
        request = Request(
            "GET",
            "/results",
            query,
            headers={"Accept": accept},
            passed=FAILED_JOB,
            elsewhere=True,
        )
        return self._reply(job_id, request, access, view, _of_results)


def _of_results(backend: str, document: JsonObject) -> JsonObject:
    if not document.keys() & {"assets", "links"}:
        raise BackendFailure(backend, "content", "it answers with no STAC document of results")
    return {**document, "federation:backends": [backend]}
