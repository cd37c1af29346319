"""Batch jobs, wherever they live: at one backend, or in parts at several."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aggregator.documents import JsonObject
from aggregator.errors import NoBackendForProcess
from aggregator.usecases.accounts import Access
from aggregator.usecases.credits import BATCH
from aggregator.usecases.federated.estimating import Estimating
from aggregator.usecases.federated.lifecycle import Lifecycle, is_federated
from aggregator.usecases.federated.listing import FederatedListing
from aggregator.usecases.federated.planning import Planning
from aggregator.usecases.federated.references import SIGNATURE
from aggregator.usecases.federated.sharing import Sharing
from aggregator.usecases.federated.tools import Tools
from aggregator.usecases.jobs import Jobs
from aggregator.usecases.resources import Created, Reply
from aggregator.usecases.splitting import Whole
from aggregator.usecases.views import View


class JobDesk:
    """Hands each request to who can do it.

    Whenever a user comes, what waits for a login of theirs goes on.
    """

    collection = Jobs.collection

    def __init__(
        self,
        tools: Tools,
        jobs: Jobs,
        whole: Lifecycle,
        planning: Planning,
        *,
        estimating: Estimating,
        sharing: Sharing,
    ) -> None:
        self.jobs, self.federated, self.planning = jobs, whole, planning
        self.estimating, self._sharing = estimating, sharing
        self._tools = tools

    def create(self, body: JsonObject, access: Access, view: View) -> Created:
        """Create a job at the backend that routing chooses, or a federated one if none can run it.

        One whose area is to be divided is a federated job, too. Raises what routing raises, with
        the reason why the process cannot be split either.
        """
        whole = Whole(body, view, "POST /jobs", BATCH, access)
        plan = self.planning.tiles(whole)
        if plan is None:
            try:
                return self.jobs.create(body, access, view)
            except NoBackendForProcess as refusal:
                plan = self.planning.plan(whole, refusal)
        return self.federated.create(body, plan, access)

    def list(
        self,
        access: Access,
        view: View,
        limit: int | None,
        cursor: str | None,
        *,
        parts: bool = False,
    ) -> dict[str, Any]:
        """One page of the user's jobs; with those that are `parts` of others if asked for."""
        if view.backend is not None:
            return self.jobs.list(access, view, limit, cursor)
        beside = FederatedListing(self._tools, access, parts=parts)
        try:
            return self.jobs.list(access, view, limit, cursor, beside)
        finally:
            if not beside.empty:
                self.federated.refresh(access)

    def read(self, identifier: str, access: Access, view: View) -> Reply:
        """The full metadata of a job."""
        return self._of(identifier, access).read(identifier, access, view)

    def update(self, identifier: str, body: JsonObject, access: Access, view: View) -> Reply:
        """Change a job."""
        return self._of(identifier, access).update(identifier, body, access, view)

    def delete(self, identifier: str, access: Access, view: View) -> Reply:
        """Delete a job with all that belongs to it."""
        return self._of(identifier, access).delete(identifier, access, view)

    def estimate(self, identifier: str, access: Access, view: View) -> Reply:
        """What a job may cost."""
        return self._of(identifier, access).estimate(identifier, access, view)

    def start(self, identifier: str, access: Access, view: View) -> Reply:
        """Queue a job."""
        return self._of(identifier, access).start(identifier, access, view)

    def cancel(self, identifier: str, access: Access, view: View) -> Reply:
        """Stop a job."""
        return self._of(identifier, access).cancel(identifier, access, view)

    def results(
        self, identifier: str, query: Mapping[str, str], accept: str, access: Access, view: View
    ) -> Reply:
        """A job's results as STAC."""
        return self._of(identifier, access).results(identifier, query, accept, access, view)

    def shared(self, identifier: str, query: Mapping[str, str], view: View) -> Reply | None:
        """What a signed link to joined results leads to, without a login; None for any other link.

        Raises TokenInvalid, ResultLinkExpired and JobNotFound.
        """
        if SIGNATURE not in query or not is_federated(identifier) or view.backend is not None:
            return None
        return self._sharing.read(identifier, query, view)

    def logs(self, identifier: str, query: Mapping[str, str], access: Access, view: View) -> Reply:
        """The log entries of a job."""
        return self._of(identifier, access).logs(identifier, query, access, view)

    def _of(self, identifier: str, access: Access) -> Jobs | Lifecycle:
        if not is_federated(identifier):
            return self.jobs
        self.federated.refresh(access)
        return self.federated
