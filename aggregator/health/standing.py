"""Stable, unstable, excluded: the state between months, and the decisions that change it.

A member's state follows from its months' verdicts and the operator's decisions, in order of time.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace

from aggregator.health.policy import Policy
from aggregator.moments import rfc3339

STABLE, UNSTABLE, EXCLUDED = "stable", "unstable", "excluded"
STANDINGS = (STABLE, UNSTABLE, EXCLUDED)
EXCLUDE, READMIT, DECLINE = "exclude", "readmit", "decline"
DECISIONS = (EXCLUDE, READMIT, DECLINE)


@dataclass(frozen=True)
class State:
    """What is known of a member between two months.

    `began` is the moment at which it joined or last came back: a month that was under way then is
    not full. `below` counts the judged months in a row below the limit of stable ones, `warnings`
    are the months that brought one, `improved` counts good months in a row while excluded,
    `proposal` is what a verdict proposed and nobody has decided yet; no good month takes it back.
    `excluded` is the moment at which an operator excluded it: what was before shows no improvement.
    """

    standing: str = STABLE
    began: int = 0
    below: int = 0
    warnings: tuple[str, ...] = ()
    improved: int = 0
    proposal: str = ""
    excluded: int = 0


@dataclass(frozen=True)
class Decision:
    """What an operator decided about a member at a moment, and why.

    `exclude` and `readmit` do so at once; `decline` turns the last verdict's proposal down.
    """

    backend: str
    at: int
    kind: str
    by: str
    reason: str


class DecisionError(ValueError):
    """A decision that makes no sense in the member's state; the message says why."""


def decided(state: State, decision: Decision, policy: Policy) -> State:
    """The state after a decision. Raises DecisionError if there is nothing to decide so."""
    if decision.kind == EXCLUDE:
        if state.standing == EXCLUDED:
            raise DecisionError(f"{decision.backend} is excluded already.")
        return replace(state, standing=EXCLUDED, improved=0, proposal="", excluded=decision.at)
    if decision.kind == READMIT:
        if state.standing != EXCLUDED:
            raise DecisionError(f"{decision.backend} is not excluded.")
        return readmitted(state, decision.at, policy)
    if decision.kind == DECLINE:
        if not state.proposal:
            raise DecisionError(f"Nothing is proposed for {decision.backend}.")
        return replace(state, proposal="")
    raise DecisionError(f"A decision is one of {', '.join(DECISIONS)}, not {decision.kind!r}.")


def readmitted(state: State, at: int, policy: Policy) -> State:
    """The state of a member that comes back at a moment."""
    return State(
        standing=UNSTABLE if policy.unstable_after_readmission else STABLE,
        began=at,
        warnings=state.warnings if policy.warnings_survive_exclusion else (),
    )


@dataclass(frozen=True)
class Standing:
    """How a member stands now, since when and why, as routing, lists and pages show it."""

    backend: str
    standing: str = STABLE
    since: int | None = None
    reason: str = ""
    proposal: str = ""

    @property
    def excluded(self) -> bool:
        """Whether it gets no new work."""
        return self.standing == EXCLUDED

    def as_text(self) -> str:
        """What stands in its way, to follow the member's name and to be followed by a stop."""
        since = f" since {rfc3339(self.since)}" if self.since is not None else ""
        reason = self.reason.rstrip(". ")
        why = f": {reason}" if reason else ""
        return f"is {self.standing}{since}{why}"


@dataclass(frozen=True)
class Step:
    """A state that began at a moment, by a verdict or a decision, and why."""

    at: int
    state: State
    reason: str


def standing_of(backend: str, steps: Iterable[Step]) -> Standing:
    """How a member stands after these steps, in order of time."""
    found = Standing(backend)
    for step in steps:
        if step.state.standing != found.standing:
            found = Standing(backend, step.state.standing, step.at, step.reason)
        found = replace(found, proposal=step.state.proposal)
    return found
