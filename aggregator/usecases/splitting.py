"""Plans for processes that no single backend can run, and the reason where there is none."""

from __future__ import annotations

from dataclasses import dataclass

from aggregator.documents import JsonObject
from aggregator.errors import BackendUnavailable, NoBackendForProcess, OpenEOError
from aggregator.routing import FREE, Billing, Plan, read_choice
from aggregator.routing.splitting import Asking, Unsplittable, facts_of, split
from aggregator.usecases.accounts import Access
from aggregator.usecases.policies import Policies
from aggregator.usecases.processing import Processing, process_in
from aggregator.usecases.views import View

IN_PARTS = "No single backend can run this process, but in parts it could run, some of them there."


@dataclass(frozen=True)
class Whole:
    """A request as it was sent: its body, who asks, what kind of work it is.

    `operation` is the endpoint that the last part is for; all others are batch jobs.
    """

    body: JsonObject
    view: View
    operation: str
    activity: str
    access: Access | None = None

    @property
    def explicit(self) -> str | None:
        """The backend that it asks for, by its body or its address."""
        return read_choice(self.body, base=self.view.backend)


class Splitting:
    """Finds out how a request could run in parts. Nothing is run, and nothing put aside.

    `largest` is how many bytes a part reads of others at most.
    """

    def __init__(
        self, processing: Processing, policies: Policies, largest: int | None = None
    ) -> None:
        self._processing, self._policies, self._largest = processing, policies, largest

    def plan_for(self, whole: Whole, billing: Billing = FREE) -> Plan | Unsplittable:
        """A plan for a body as of `POST /jobs`, in the federation's words, or why there is none.

        Parts go only to backends that are up, and at which the user is known where access is
        given. What a user has stored is written out in the plan. Raises what is wrong with the
        process itself.
        """
        access, operation = whole.access, whole.operation
        policy = self._policies.asked(whole.body)
        process, needs = self._processing.read(process_in(whole.body), access)
        asking = Asking(
            operation=operation,
            explicit=whole.explicit,
            policy=policy,
            facts=self._policies.facts(policy, operation, taking=False),
            reachable=None if access is None else access.credentials,
            owner_of=self._processing.owner_of(whole.view),
            billing=billing,
            largest=self._largest,
        )
        facts = {
            name: {backend: facts_of(stored.document) for backend, stored in found.items()}
            for name, found in self._processing.details(needs).items()
        }
        return split(process, self._processing.abilities(needs), asking, facts)


def with_reason(error: OpenEOError, found: Unsplittable) -> OpenEOError:
    """The error of ordinary routing, with the reason why the process cannot run in parts either.

    Only where every need can be met somewhere does it matter, and only if no backend was asked for.
    It is BackendUnavailable if the process could run in parts as soon as backends are up again.
    """
    causes = {obstacle.cause for obstacle in found.obstacles}
    if not isinstance(error, NoBackendForProcess) or "explicit" in causes:
        return error
    if found.awaited:
        return BackendUnavailable(found.awaited, IN_PARTS)
    return NoBackendForProcess(f"{error.message} {found.sentence(error.message)}", error.lacking)
