"""What the parts of a plan are expected to cost and how long they may take, each and together."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from concurrent.futures import Future
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

from aggregator.documents import JsonObject
from aggregator.errors import OpenEOError
from aggregator.ids import federate
from aggregator.ledger.amounts import to_credits
from aggregator.routing import Billing, Credit, Plan
from aggregator.upstream.failures import tells_nothing
from aggregator.usecases.accounts import Access
from aggregator.usecases.federated import documents
from aggregator.usecases.federated.asking import ask_at_once
from aggregator.usecases.federated.money import Money
from aggregator.usecases.jobs import MISSING, Jobs
from aggregator.usecases.past_jobs import BY
from aggregator.usecases.resources import Reply
from aggregator.usecases.views import View

OURS = "federation"


@dataclass(frozen=True)
class Estimated:
    """The estimate of each part of a plan, in order, with its `id` and `backend`.

    `silent` are the backends that were asked for their own, and have not answered.
    """

    parts: Sequence[Mapping[str, Any]]
    silent: Collection[str]


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
    ) -> Estimated:
        """The estimate of each part; `made` has the ids of the parts' jobs, where there are such.

        These are the ids at the parts' backends.
        """
        jobs = {p.id: (p.backend, made[p.id]) for p in plan.parts if made.get(p.id)}
        stated = {} if access is None else self._stated(jobs, access, view)
        told = [
            {"id": p.id, "backend": p.backend, **self.at(p.backend, stated.get(p.id))}
            for p in plan.parts
        ]
        silent = {p.backend for p in plan.parts if p.id in stated and stated[p.id] is None}
        return Estimated(told, silent)

    def _stated(
        self, jobs: Mapping[str, tuple[str, str]], access: Access, view: View
    ) -> dict[str, JsonObject | None]:
        """What the backends themselves say of their jobs, by part; None if they fail to."""
        questions = {
            part: (backend, partial(self._jobs.estimate, federate(backend, job), access, view))
            for part, (backend, job) in jobs.items()
        }
        answers = ask_at_once(questions, self._seconds)
        return {part: _said(answer) for part, answer in answers.items()}


def _said(future: Future[Reply]) -> JsonObject | None:
    if not future.done() or future.cancelled():
        return None
    try:
        document = future.result().document or {}
    except OpenEOError as failure:
        return {} if tells_nothing(failure) else None
    return None if MISSING in document else document


def together(plan: Plan, estimated: Estimated, offline: Collection[str] = ()) -> dict[str, Any]:
    """What the parts of a plan cost and take together, and whose word is missing."""
    missing = [b for b in plan.backends if b in offline or b in estimated.silent]
    told = documents.estimate(plan, estimated.parts)
    return {**told, **({MISSING: missing} if missing else {})}


def side_by_side(
    plan: Plan, estimated: Estimated, billing: Billing, offline: Collection[str]
) -> dict[str, Any]:
    """The estimates of a plan by backend, of its parts, and their sum.

    The backends run the process together: what they cost adds up to `costs`. `credits` tells
    whether what the user has at a backend suffices for all parts there.
    """
    parts = estimated.parts
    shown = [_of_backend(backend, parts, billing, offline) for backend in plan.backends]
    return {
        "estimates": shown,
        **together(plan, estimated, offline),
        "links": [],
        "federation:backends": list(plan.backends),
    }


def _of_backend(
    backend: str, parts: Sequence[Mapping[str, Any]], billing: Billing, offline: Collection[str]
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
