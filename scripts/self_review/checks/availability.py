"""Availability: from a monitor's history, since no single look can tell."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from itertools import pairwise

from scripts.self_review.backend import Backend
from scripts.self_review.findings import (
    Cause,
    NotJudgedError,
    Outcome,
    could_not_tell,
    failed,
    judged,
    not_applicable,
    passed,
    warned,
)
from scripts.self_review.history import GRACE, Month
from scripts.self_review.registry import check

STABLE, WARNING, GRACE_WARNING = 99.5, 95.0, 90.0
INTERVAL = 300


def _months(backend: Backend) -> Sequence[Month]:
    months = backend.options.history
    if months is None:
        says = "A monitor's history is needed."
        raise NotJudgedError(could_not_tell(says, Cause.TIME, hint="Give --history FILE."))
    if not months:
        raise NotJudgedError(could_not_tell("The history holds no whole month.", Cause.TIME))
    return months


def _each(backend: Backend, problem: Callable[[int, Month], str], good: str) -> Outcome:
    months = _months(backend)
    problems = [said for number, one in enumerate(months) if (said := problem(number, one))]
    return judged(
        problems, good, looked_at=f"{len(months)} months, {months[0].name} to {months[-1].name}"
    )


@check("availability-1")
def it_is_probed_every_five_minutes(backend: Backend) -> Outcome:
    months = _months(backend)
    known = [one for one in months if one.interval is not None]
    if not known:
        return could_not_tell("The history does not say how often was probed.", Cause.TIME)
    slow = [
        f"{one.name}: every {one.interval:g} s"
        for one in known
        if (one.interval or 0) > INTERVAL * 1.1
    ]
    return judged(slow, "It was probed every 5 minutes.", looked_at=f"{len(known)} months")


@check("availability-2")
def the_last_month_is_stable(backend: Backend) -> Outcome:
    last = _months(backend)[-1]
    says = f"{last.name}: {last.percent} %, {STABLE} % are wanted."
    return passed(says) if last.uptime >= STABLE else failed(says)


@check("availability-3")
def no_two_months_in_a_row_are_below(backend: Backend) -> Outcome:
    months = _months(backend)
    pairs = pairwise(months)
    bad = [f"{a.name} and {b.name}" for a, b in pairs if max(a.uptime, b.uptime) < STABLE]
    if bad and months[-1].uptime >= STABLE:
        return warned(f"It was unstable once ({bad[-1]}), and is stable again.")
    problems = [f"below {STABLE} % in {one}" for one in bad]
    return judged(problems, f"No two months in a row are below {STABLE} %.")


@check("availability-4")
def no_month_brings_a_warning(backend: Backend) -> Outcome:
    return _each(backend, _warning, "No month brings a warning.")


@check("availability-6")
def the_first_months_bring_no_warning(backend: Backend) -> Outcome:
    if not any(one.is_early for one in _months(backend)):
        says = "The history does not say that its first months are those of a new provider."
        return not_applicable(says)

    def problem(number: int, month: Month) -> str:
        return _warning(number, month) if month.is_early else ""

    return _each(backend, problem, f"The first {GRACE} months are above {GRACE_WARNING:g} %.")


def _warning(number: int, month: Month) -> str:
    limit = GRACE_WARNING if number < GRACE and month.is_early else WARNING
    return f"{month.name}: {month.percent} %, below {limit:g} %" if month.uptime < limit else ""


@check("availability-5")
def two_warnings_are_not_within_six_months(backend: Backend) -> Outcome:
    months = _months(backend)
    warned_in = [one for number, one in enumerate(months) if _warning(number, one)]
    near = [f"{a.name} and {b.name}" for a, b in pairwise(warned_in) if b.months_since(a) < 6]
    problems = [f"warnings for {one}" for one in near]
    return judged(problems, "There are no two warnings within six months.")
