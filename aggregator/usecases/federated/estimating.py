"""What the parts of a plan are expected to cost and how long they may take, each and together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from contextlib import suppress
from dataclasses import replace
from typing import Any

from aggregator.documents import JsonObject
from aggregator.errors import OpenEOError
from aggregator.ids import federate
from aggregator.ledger.amounts import to_credits
from aggregator.routing import Billing, Credit, Plan
from aggregator.usecases.accounts import Access
from aggregator.usecases.federated import documents
from aggregator.usecases.federated.money import Money
from aggregator.usecases.jobs import Jobs
from aggregator.usecases.past_jobs import BY
from aggregator.usecases.views import View

OURS = "federation"
AT_ONCE = 8
"""Parts whose backends are asked at the same time."""


class Estimating:
    """Asks the backends of the parts that have jobs; all must have answered within `seconds`.

    Of who has not, and of parts without a job, there is what the published rates and past jobs
    tell. What is not known is left out. Nothing is changed anywhere.
    """

    def __init__(self, jobs: Jobs, money: Money, seconds: float) -> None:
        self._jobs, self._money, self._seconds = jobs, money, seconds

    def at(self, backend: str, stated: JsonObject | None = None) -> dict[str, Any]:
        """The estimate for a batch job there; `stated` is what the backend itself says of it."""
        found = {name: value for name, value in (stated or {}).items() if value is not None}
        if found.get("costs") is not None:
            found.setdefault(BY, backend)
        elif expected := self._money.expected(backend):
            found |= {"costs": to_credits(expected), BY: OURS}
        return self._money.timed(backend, found)

    def parts(
        self, plan: Plan, made: Mapping[str, str], access: Access | None, view: View
    ) -> list[dict[str, Any]]:
        """The estimate of each part, in order, with its `id` and `backend`.

        `made` has the ids of the parts' jobs at their backends, as far as there are such.
        """
        jobs = {p.id: federate(p.backend, made[p.id]) for p in plan.parts if made.get(p.id)}
        stated = {} if access is None else self._stated(jobs, access, view)
        return [
            {"id": p.id, "backend": p.backend, **self.at(p.backend, stated.get(p.id))}
            for p in plan.parts
        ]

    def _stated(self, jobs: Mapping[str, str], access: Access, view: View) -> dict[str, JsonObject]:
        """What the backends themselves say of these jobs, by part."""
        if not jobs:
            return {}
        pool = ThreadPoolExecutor(AT_ONCE, thread_name_prefix="estimates")
        asked = {
            part: pool.submit(self._jobs.estimate, job, access, view) for part, job in jobs.items()
        }
        wait(asked.values(), self._seconds)
        pool.shutdown(wait=False, cancel_futures=True)
        found: dict[str, JsonObject] = {}
        for part, future in asked.items():
            if future.done() and not future.cancelled():
                with suppress(OpenEOError):  # it gives none, or not now
                    found[part] = future.result().document or {}
        return found


def side_by_side(
    plan: Plan, parts: Sequence[Mapping[str, Any]], billing: Billing, offline: Sequence[str]
) -> dict[str, Any]:
    """The estimates of a plan by backend, of its parts, and their sum.

    The backends run the process together: what they cost adds up to `costs`. `credits` tells
    whether what the user has at a backend suffices for all parts there.
    """
    shown = [_of_backend(backend, parts, billing, offline) for backend in plan.backends]
    missing = [backend for backend in plan.backends if backend in offline]
    return {
        "estimates": shown,
        **documents.estimate(plan, parts),
        "links": [],
        "federation:backends": list(plan.backends),
        **({"federation:missing": missing} if missing else {}),
    }


def _of_backend(
    backend: str, parts: Sequence[Mapping[str, Any]], billing: Billing, offline: Sequence[str]
) -> dict[str, Any]:
    mine = [part for part in parts if part["backend"] == backend]
    told: dict[str, Any] = {
        "backend": backend,
        "online": backend not in offline,
        "federation:parts": [part["id"] for part in mine],
    }
    costs = documents.costs_of(mine)
    if costs is not None:
        sources = {part[BY] for part in mine}
        told |= {"costs": costs, BY: sources.pop() if len(sources) == 1 else OURS}
    credit = billing.credits.get(backend)
    if credit is None:
        return told
    return told | credits_shown(replace(credit, needed=credit.needed * len(mine)))


def credits_shown(credit: Credit | None) -> dict[str, Any]:
    """What the user has at a backend, and whether it suffices; nothing if it is not known."""
    if credit is None:
        return {}
    left: dict[str, Any] = {"left": credit.left, "suffices": credit.suffices}
    return {"credits": left | ({"renewal": credit.renewal} if credit.renewal else {})}
