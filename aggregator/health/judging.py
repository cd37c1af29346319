"""The contract's flowchart: a month's evidence and the state before it give a verdict.

Decisions A to D as in `docs/availability.md`: is the month stable; is it the second in a row that
is not; is it so bad that it brings a warning; is that the second warning in six months?
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from aggregator.health.maintenance import Excused
from aggregator.health.policy import WHOLE, Policy
from aggregator.health.standing import (
    EXCLUDE,
    EXCLUDED,
    READMIT,
    STABLE,
    UNSTABLE,
    State,
    readmitted,
)
from aggregator.health.uptime import Uptime
from aggregator.moments import day_of, month_bounds, month_of, months_between

MET, MISSED, NOT_JUDGED = "met", "missed", "not judged"


@dataclass(frozen=True)
class Evidence:
    """What was measured of a member in a month.

    `due` are the probes that were due outside announced maintenance, `excused` the probes in it.
    `number` counts the member's months from 1, which is the first of its grace period (0: the
    partial month before that); `full` is False where the member was not there for all of it.
    """

    backend: str
    month: str
    uptime: Uptime
    due: int
    excused: int = 0
    number: int = 1
    full: bool = True

    @property
    def coverage(self) -> Uptime:
        """The probes that were made of those that were due."""
        return Uptime(min(self.uptime.counted, self.due), self.due)


@dataclass(frozen=True)
class Branch:
    """A decision of the flowchart, what was decided, and the numbers behind it in words."""

    decision: str
    yes: bool
    text: str


@dataclass(frozen=True)
class Verdict:
    """What the contract says of a month.

    `after` is the state from its end on, `branches` the way through the flowchart, `limit` the
    share below which the month brings a warning. `collections` says whether the members'
    non-experimental collections had their uptime, for which the backend's stands.
    """

    evidence: Evidence
    before: State
    after: State
    branches: tuple[Branch, ...]
    limit: int
    judged: bool = True
    warned: bool = False
    collections: str = NOT_JUDGED

    @property
    def standing(self) -> str:
        """Stable, unstable or excluded."""
        return self.after.standing

    @property
    def proposal(self) -> str:
        """What is left to an operator's decision: `exclude`, `readmit` or nothing."""
        return self.after.proposal

    @property
    def reason(self) -> str:
        """Why, in sentences."""
        return " ".join(branch.text for branch in self.branches)


def judge(evidence: Evidence, state: State, policy: Policy) -> Verdict:
    """The verdict on a month after all months before it; nothing but its arguments counts."""
    if why := _not_judged(evidence, policy) or _over_before(evidence, state):
        return _unchanged(evidence, state, policy, why)
    if state.standing == EXCLUDED:
        return _while_excluded(evidence, state, policy)
    branches = [_stable(evidence, policy)]
    if branches[0].yes:
        after = replace(state, standing=STABLE, below=0)
        return _verdict(evidence, state, after, branches, policy)
    after, branch = _in_a_row(evidence, state, policy)
    branches += [branch, _bad(evidence, policy)]
    if not branches[-1].yes:
        return _verdict(evidence, state, after, branches, policy)
    after, branch = _warned(evidence, after, policy)
    return _verdict(evidence, state, after, [*branches, branch], policy, warned=True)


def warning_limit(evidence: Evidence, policy: Policy) -> int:
    """The share below which the month brings a warning."""
    in_grace = evidence.number <= policy.grace_months
    return policy.grace_warning if in_grace else policy.warning


def membership(joined: int, month: str, policy: Policy) -> tuple[int, bool]:
    """The number of a month in a membership that began at a moment, and whether it is full.

    Whoever joins on the first day of a month has all of it. No month before the first is full.
    """
    first = month_of(joined)
    partial = day_of(joined) != f"{first}-01"
    number = months_between(first, month) + (0 if partial and policy.grace_from_full_month else 1)
    return number, month > first or (month == first and not partial)


def due_in(month: str, excused: Excused, policy: Policy, joined: int = 0) -> int:
    """The probes due in a month outside maintenance, from a moment on: 28 days are 8064."""
    start, end = month_bounds(month)
    begin = min(max(start, joined), end)
    return (end - begin - excused.within(begin, end)) // policy.probe_interval


def _not_judged(evidence: Evidence, policy: Policy) -> str:
    if not evidence.uptime.counted:
        return "No probe of this month counts."
    if not evidence.full and not (policy.judge_partial_months and evidence.due):
        return "It was not in the federation for all of this month."
    if evidence.due and not evidence.coverage.at_least(policy.least_coverage):
        return (
            f"Only {evidence.uptime.counted} of {evidence.due} probes that were due were made, "
            f"less than {share(policy.least_coverage)} %."
        )
    return ""


def _over_before(evidence: Evidence, state: State) -> str:
    """Why a month that is judged late says nothing of a member that is excluded by then."""
    over = state.standing == EXCLUDED and month_bounds(evidence.month)[1] <= state.excluded
    return "It was over when the member was excluded." if over else ""


def _unchanged(evidence: Evidence, state: State, policy: Policy, why: str) -> Verdict:
    text = f"{why} It is not judged: the member stays {state.standing}."
    branch = Branch("judged", False, text)
    return Verdict(evidence, state, state, (branch,), warning_limit(evidence, policy), judged=False)


def _while_excluded(evidence: Evidence, state: State, policy: Policy) -> Verdict:
    good = _stable(evidence, policy)
    improved = state.improved + 1 if good.yes else 0
    shown = improved >= policy.months_to_improve
    after = replace(state, improved=improved, proposal=READMIT if shown else "")
    text = f"{good.text} The member is excluded, which only a decision ends."
    if shown:
        text += f" Improvement is shown by {_months(improved)} in a row: readmission is "
        text += "automatic." if policy.automatic_readmission else "proposed."
        if policy.automatic_readmission:
            after = readmitted(state, month_bounds(evidence.month)[1], policy)
    return _verdict(evidence, state, after, [replace(good, text=text)], policy)


def _stable(evidence: Evidence, policy: Policy) -> Branch:
    uptime, limit = evidence.uptime, policy.stable
    yes = uptime.at_least(limit) if policy.stable_at_limit else uptime.above(limit)
    return Branch("A", yes, f"{_compared(uptime, limit)}{': the month is stable.' if yes else '.'}")


def _in_a_row(evidence: Evidence, state: State, policy: Policy) -> tuple[State, Branch]:
    earlier = state.below
    if not policy.row_spans_grace and evidence.number == policy.grace_months + 1:
        earlier = 0
    # Exactly the limit is not below it, even where the flowchart does not call it stable.
    below = 0 if evidence.uptime.at_least(policy.stable) else earlier + 1
    yes = below >= policy.months_to_unstable
    standing = UNSTABLE if yes else state.standing
    text = f"It is month {below} in a row below {share(policy.stable)} %"
    text = (
        f"{text}: the member is unstable." if yes else f"{text}; unstable from {_needed(policy)}."
    )
    if not below:
        text = f"It is not below {share(policy.stable)} % either."
    after = replace(state, standing=standing, below=below)
    return after, Branch("B", yes, text)


def _needed(policy: Policy) -> str:
    return f"month {policy.months_to_unstable} on"


def _bad(evidence: Evidence, policy: Policy) -> Branch:
    limit = warning_limit(evidence, policy)
    yes = not evidence.uptime.at_least(limit)
    grace = " (grace period)" if evidence.number <= policy.grace_months else ""
    said = "below" if yes else "not below"
    end = ": a warning." if yes else ": no warning, the member keeps its status."
    return Branch("C", yes, f"It is {said} {share(limit)} %{grace}{end}")


def _warned(evidence: Evidence, state: State, policy: Policy) -> tuple[State, Branch]:
    month = evidence.month
    counts = policy.grace_warnings_count or evidence.number > policy.grace_months
    warnings = (*state.warnings, month) if counts else state.warnings
    recent = [m for m in warnings if months_between(m, month) < policy.warning_window]
    yes = len(recent) >= policy.warnings_to_exclude
    after = replace(state, warnings=tuple(recent))
    text = f"Warnings within {policy.warning_window} months: {', '.join(recent) or 'none counts'}"
    if not yes:
        return after, Branch("D", yes, f"{text}; {policy.warnings_to_exclude} lead to exclusion.")
    if policy.automatic_exclusion:
        after = replace(after, standing=EXCLUDED, improved=0)
        return after, Branch("D", yes, f"{text}: the member is excluded.")
    after = replace(after, proposal=EXCLUDE)
    return after, Branch("D", yes, f"{text}: exclusion is proposed, an operator decides.")


def _verdict(
    evidence: Evidence,
    before: State,
    after: State,
    branches: list[Branch],
    policy: Policy,
    *,
    warned: bool = False,
) -> Verdict:
    return Verdict(
        evidence,
        before,
        after,
        tuple(branches),
        warning_limit(evidence, policy),
        warned=warned,
        collections=MET if evidence.uptime.at_least(policy.collection) else MISSED,
    )


def _compared(uptime: Uptime, limit: int) -> str:
    if uptime.up * WHOLE == limit * uptime.counted:
        said = "exactly"
    else:
        said = "at least" if uptime.at_least(limit) else "below"
    numbers = f"{uptime.down} of {uptime.counted} probes failed"
    return f"Uptime is {uptime.percent(3)} % ({numbers}), {said} {share(limit)} %"


def share(value: int) -> str:
    """A share in percent, as people write it: 99500 is 99.5."""
    whole, part = divmod(value, 1000)
    return f"{whole}.{part:03}".rstrip("0").rstrip(".")


def _months(count: int) -> str:
    return "1 good month" if count == 1 else f"{count} good months"
