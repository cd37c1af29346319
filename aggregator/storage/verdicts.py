"""Verdicts on months and operators' decisions: how each member stands, step by step."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import asdict, dataclass
from typing import Any

import orjson
from sqlalchemy import Connection, func, insert, select

from aggregator.health.judging import Branch, Evidence, Verdict
from aggregator.health.policy import Policy
from aggregator.health.standing import Decision, State, Step
from aggregator.health.uptime import Uptime
from aggregator.moments import month_bounds
from aggregator.storage.health_schema import decision, health_month


@dataclass(frozen=True)
class ClosedMonth:
    """A month's verdict as it was frozen, when, and by which policy."""

    verdict: Verdict
    closed: int
    policy: Policy

    @property
    def month(self) -> str:
        """The month, such as 2026-03."""
        return self.verdict.evidence.month


def add_month(
    connection: Connection, sequence: int, verdict: Verdict, closed: int, policy: Policy
) -> None:
    """Freeze a month's verdict."""
    values = {
        "backend": verdict.evidence.backend,
        "month": verdict.evidence.month,
        "closed": closed,
        "sequence": sequence,
        "standing": verdict.standing,
        "verdict": _text(verdict),
        "policy": _text(policy),
    }
    connection.execute(insert(health_month), values)


def read_months(connection: Connection, *, backend: str | None = None) -> list[ClosedMonth]:
    """The frozen verdicts, by member and month."""
    query = select(health_month)
    if backend is not None:
        query = query.where(health_month.c.backend == backend)
    found = connection.execute(query.order_by(health_month.c.backend, health_month.c.month))
    return [_month(row) for row in found]


def last_months(connection: Connection) -> dict[str, str]:
    """The last month of each member that is closed."""
    query = select(health_month.c.backend, func.max(health_month.c.month)).group_by(
        health_month.c.backend
    )
    return {row.backend: row[1] for row in connection.execute(query)}


def add_decision(connection: Connection, sequence: int, made: Decision, after: State) -> None:
    """Write a decision and the state after it."""
    values = {"sequence": sequence, **vars(made), "after": _text(after)}
    connection.execute(insert(decision), values)


def read_decisions(connection: Connection, backend: str | None = None) -> list[Decision]:
    """The decisions, newest first."""
    query = select(decision).order_by(decision.c.sequence.desc())
    if backend is not None:
        query = query.where(decision.c.backend == backend)
    return [_decision(row) for row in connection.execute(query)]


def read_steps(connection: Connection, backend: str | None = None) -> dict[str, list[Step]]:
    """What changed each member's state (or one's), in the order in which it was written."""
    found: dict[str, list[tuple[int, Step]]] = defaultdict(list)
    months, decisions = select(health_month), select(decision)
    if backend is not None:
        months = months.where(health_month.c.backend == backend)
        decisions = decisions.where(decision.c.backend == backend)
    for row in connection.execute(months):
        verdict = _verdict(orjson.loads(row.verdict))
        end = month_bounds(row.month)[1]
        found[row.backend].append((row.sequence, Step(end, verdict.after, verdict.reason)))
    for row in connection.execute(decisions):
        step = Step(row.at, State(**_tupled(orjson.loads(row.after))), row.reason)
        found[row.backend].append((row.sequence, step))
    return {
        member: [step for _, step in sorted(steps, key=lambda entry: entry[0])]
        for member, steps in found.items()
    }


def _text(value: Any) -> str:
    return orjson.dumps(asdict(value)).decode()


def _month(row: Any) -> ClosedMonth:
    verdict = _verdict(orjson.loads(row.verdict))
    return ClosedMonth(verdict, row.closed, Policy(**orjson.loads(row.policy)))


def _verdict(document: dict[str, Any]) -> Verdict:
    evidence = document["evidence"]
    return Verdict(
        **document
        | {
            "evidence": Evidence(**evidence | {"uptime": Uptime(**evidence["uptime"])}),
            "before": State(**_tupled(document["before"])),
            "after": State(**_tupled(document["after"])),
            "branches": tuple(Branch(**branch) for branch in document["branches"]),
        }
    )


def _tupled(state: dict[str, Any]) -> dict[str, Any]:
    return state | {"warnings": tuple(state["warnings"])}


def _decision(row: Any) -> Decision:
    return Decision(row.backend, row.at, row.kind, row.by, row.reason)
