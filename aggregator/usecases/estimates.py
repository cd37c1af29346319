"""What a process would cost at every backend that could run it, before there is a job."""

from __future__ import annotations

from typing import Any

from aggregator.documents import JsonObject
from aggregator.ledger.orders import read_order
from aggregator.routing import FREE, Credit
from aggregator.usecases.accounts import Access
from aggregator.usecases.credits import BATCH, Credits
from aggregator.usecases.processing import Processing
from aggregator.usecases.views import View


class Estimates:
    """Estimates side by side, by the rates that the members have published.

    openEO knows estimates of jobs only. A job is made at one backend, so that asking the others
    would leave jobs behind; who wants the backend's own estimate creates the job.
    """

    def __init__(self, processing: Processing, credits_: Credits | None) -> None:
        self._processing, self._credits = processing, credits_

    def of(self, body: JsonObject, access: Access | None, view: View) -> dict[str, Any]:
        """The estimates for a body as of `POST /jobs`, the backend that would be chosen first.

        Amounts are credits; `credits` is what the user has at a backend, who must be logged in for
        it. A backend that is offline is in the list and in `federation:missing`. Raises what is
        wrong with the process, and why if no backend can run it.
        """
        order = read_order(body, BATCH)
        billing = (
            FREE
            if access is None or self._credits is None
            else self._credits.prospect(access, order)
        )
        routing = self._processing.routed(
            body, view, operation="POST /jobs", access=access, billing=billing
        )
        waiting = [v.backend for v in routing.verdicts if v.able_if_online and not v.able]
        if not routing.able and not waiting:
            raise routing.rejection()
        estimates = [
            self._estimate(backend, billing.credits.get(backend), online=backend not in waiting)
            for backend in (*routing.able, *waiting)
        ]
        chosen = {"federation:backends": [routing.chosen]} if routing.chosen else {}
        missing = {"federation:missing": waiting} if waiting else {}
        return {"estimates": estimates, "links": [], **chosen, **missing}

    def _estimate(self, backend: str, credit: Credit | None, *, online: bool) -> dict[str, Any]:
        found: dict[str, Any] = {"backend": backend, "online": online}
        expected = self._credits.expected(backend, BATCH) if self._credits else None
        if expected:
            found |= {"costs": expected, "federation:estimated-by": "federation"}
        if credit is not None:
            found["credits"] = {"left": credit.left, "suffices": credit.suffices}
            if credit.renewal:
                found["credits"]["renewal"] = credit.renewal
        return found
