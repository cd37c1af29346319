"""How users see their federated jobs: as any batch job, with the parts beside."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from aggregator.federated.states import (
    AT_WORK,
    AWAY,
    CANCELED,
    FAILED,
    FINISHED,
    LOGIN,
    Line,
    PartState,
    Problem,
)
from aggregator.federated.sums import costs, longest_way, progress, seconds_of, usage
from aggregator.ids import federate
from aggregator.ledger.amounts import to_credits
from aggregator.ledger.durations import iso_8601
from aggregator.moments import rfc3339
from aggregator.routing.plans import Plan
from aggregator.storage.federated_jobs import FederatedJob

_STATUSES = {FINISHED: "finished", FAILED: "error", CANCELED: "canceled"}
_WAITS_FOR = {AWAY: "backend", LOGIN: "login"}
_SHOWN = ("title", "description", "plan", "budget")
_OWN = frozenset({"federation:plan", "process"})


def short(job: FederatedJob, parts: Sequence[PartState]) -> dict[str, Any]:
    """The job in a list; `parts` are its parts with their costs."""
    state = job.state
    shown: dict[str, Any] = {
        "id": state.id,
        **{key: job.request[key] for key in _SHOWN if key in job.request},
        "status": state.status,
        "created": rfc3339(job.created),
        "updated": rfc3339(job.updated),
    }
    if state.status not in ("created", "canceled"):
        shown["progress"] = 100 if state.status == "finished" else progress(parts)
    spent = costs(parts)
    if spent is not None:
        shown["costs"] = spent
    return {**shown, "federation:backends": list(job.plan.backends)}


def full(job: FederatedJob, parts: Sequence[PartState]) -> dict[str, Any]:
    """All that there is to say of the job."""
    more = {key: value for key, value in job.request.items() if key not in _OWN}
    used, problem = usage(parts), job.state.problem
    by_id = {part.id: part for part in parts}
    return {
        **more,
        **short(job, parts),
        "process": dict(job.process),
        **({"usage": used} if used else {}),
        "federation:parts": [
            _part(job.plan, part.id, by_id.get(part.id)) for part in job.plan.parts
        ],
        "federation:plan": job.plan.explain(),
        **({} if problem is None else {"federation:problem": problem_of(problem)}),
        "links": [],
    }


def _part(plan: Plan, name: str, state: PartState | None) -> dict[str, Any]:
    planned = plan.by_id[name]
    told: dict[str, Any] = {
        "id": name,
        "backend": planned.backend,
        "status": status_of(state),
        "needs": list(planned.needs),
        "why": planned.why,
        "nodes": list(planned.nodes),
        "exchanges": [e.as_json() for e in plan.exchanges if e.producer == name],
    }
    if state is None:
        return told
    told["job"] = federate(state.backend, state.job) if state.job else None
    known = {
        "progress": state.progress,
        "costs": state.costs,
        "usage": dict(state.usage) or None,
        "budget": None if state.budget is None else to_credits(state.budget),
        "waits_for": _WAITS_FOR.get(state.trouble),
    }
    return told | {key: value for key, value in known.items() if value is not None}


def status_of(part: PartState | None) -> str:
    """The status of a part, as batch jobs have them."""
    if part is None:
        return "created"
    if part.stage == AT_WORK:
        return part.status if part.status in ("queued", "running") else "queued"
    return _STATUSES.get(part.stage, "created")


def problem_of(problem: Problem) -> dict[str, Any]:
    """Why the job failed, as an entry of its log."""
    told: dict[str, Any] = {
        "id": "problem",
        "level": "error",
        "code": problem.code,
        "message": problem.message,
    }
    if problem.part:
        told |= {"federation:part": problem.part, "federation:backends": [problem.backend]}
    return told


def entry(number: int, line: Line) -> dict[str, Any]:
    """A line of the log."""
    told: dict[str, Any] = {
        "time": rfc3339(line.at),
        **line.document,
        "id": str(number),
        "level": line.level,
        "message": line.message,
    }
    if line.code:
        told["code"] = line.code
    if line.part:
        told |= {"federation:part": line.part, "federation:backends": [line.backend]}
    return told


def estimate(plan: Plan, parts: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The estimate of the whole from those of its parts.

    The costs are there if those of all parts are known, and so is the duration: it is that of the
    longest way through the plan.
    """
    total = costs_of(parts)
    whole: dict[str, Any] = {} if total is None else {"costs": total}
    seconds = {part["id"]: found for part in parts if (found := seconds_of(part.get("duration")))}
    if len(seconds) == len(parts):
        needs = {part.id: part.needs for part in plan.parts}
        whole["duration"] = iso_8601(round(longest_way(needs, seconds) * 1000))
    return {**whole, "federation:parts": [dict(part) for part in parts]}


def costs_of(parts: Sequence[Mapping[str, Any]]) -> float | None:
    """The costs of these estimates together; None if those of one are not known."""
    known = [part["costs"] for part in parts if part.get("costs") is not None]
    return round(sum(known), 3) if len(known) == len(parts) else None
