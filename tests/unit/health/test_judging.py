"""The contract's flowchart: every branch, every boundary, every choice that it leaves open."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from aggregator.health.judging import (
    MET,
    MISSED,
    NOT_JUDGED,
    Evidence,
    Verdict,
    due_in,
    judge,
    membership,
)
from aggregator.health.maintenance import Excused, Window
from aggregator.health.policy import Policy
from aggregator.health.standing import EXCLUDED, STABLE, UNSTABLE, State
from aggregator.health.uptime import Uptime, allowed_failures
from aggregator.moments import day_start, month_bounds

POLICY = Policy()
NOTHING = Excused([], POLICY)
# A 30-day month of 8640 probes: 43 failures are 99.502 %, 432 exactly 95 %, 864 exactly 90 %.
APRIL = "2026-04"

FIRST = State()
SECOND = State(below=1)
MARKED = State(UNSTABLE, below=2)
WARNED = State(below=1, warnings=("2026-02",))


def evidence(failures: int, month: str = APRIL, number: int = 12, **more: Any) -> Evidence:
    """A whole month of probes, so many of them failed."""
    due = due_in(month, NOTHING, POLICY)
    return Evidence("boreal", month, Uptime(due - failures, due), due, number=number, **more)


def judged(failures: int, state: State = FIRST, policy: Policy = POLICY, **more: Any) -> Verdict:
    return judge(evidence(failures, **more), state, policy)


def way(verdict: Verdict) -> str:
    """The way through the flowchart: `A-no B-yes C-no`."""
    return " ".join(f"{b.decision}-{'yes' if b.yes else 'no'}" for b in verdict.branches)


@pytest.mark.parametrize(
    ("failures", "before", "path", "standing", "warned", "proposal"),
    [
        # A yes: stable, whatever was before
        (0, FIRST, "A-yes", STABLE, False, ""),
        (43, FIRST, "A-yes", STABLE, False, ""),
        (43, MARKED, "A-yes", STABLE, False, ""),
        # A no, B no, C no: nothing changes in the first month
        (44, FIRST, "A-no B-no C-no", STABLE, False, ""),
        (432, FIRST, "A-no B-no C-no", STABLE, False, ""),
        # A no, B yes, C no: unstable
        (44, SECOND, "A-no B-yes C-no", UNSTABLE, False, ""),
        (432, SECOND, "A-no B-yes C-no", UNSTABLE, False, ""),
        (44, MARKED, "A-no B-yes C-no", UNSTABLE, False, ""),
        # C yes, D no: a warning, with or without the mark
        (433, FIRST, "A-no B-no C-yes D-no", STABLE, True, ""),
        (433, SECOND, "A-no B-yes C-yes D-no", UNSTABLE, True, ""),
        (8640, FIRST, "A-no B-no C-yes D-no", STABLE, True, ""),
        # C yes, D yes: the mark, a warning and exclusion in one month
        (433, WARNED, "A-no B-yes C-yes D-yes", UNSTABLE, True, "exclude"),
        (433, replace(WARNED, below=0), "A-no B-no C-yes D-yes", STABLE, True, "exclude"),
    ],
)
def test_each_way_through_the_flowchart(  # noqa: PLR0917 - a row of the table
    failures: int, before: State, path: str, standing: str, warned: bool, proposal: str
) -> None:
    verdict = judged(failures, before)
    assert way(verdict) == path
    assert (verdict.standing, verdict.warned, verdict.proposal) == (standing, warned, proposal)


@pytest.mark.parametrize(
    ("month", "due", "stable", "collections", "warning", "grace"),
    [
        ("2026-02", 8064, 40, 161, 403, 806),
        ("2024-02", 8352, 41, 167, 417, 835),
        ("2026-04", 8640, 43, 172, 432, 864),
        ("2026-05", 8928, 44, 178, 446, 892),
    ],
)
def test_the_integer_counts_of_each_length_of_month(  # noqa: PLR0917 - a row of the table
    month: str, due: int, stable: int, collections: int, warning: int, grace: int
) -> None:
    assert due_in(month, NOTHING, POLICY) == due
    shares = (POLICY.stable, POLICY.collection, POLICY.warning, POLICY.grace_warning)
    allowed = (stable, collections, warning, grace)
    assert tuple(allowed_failures(due, share) for share in shares) == allowed
    # The last failure that is allowed, and the first that is not, of each limit.
    assert way(judged(stable, month=month)) == "A-yes"
    assert way(judged(stable + 1, month=month)).startswith("A-no")
    assert judged(collections, month=month).collections == MET
    assert judged(collections + 1, month=month).collections == MISSED
    assert not judged(warning, month=month).warned
    assert judged(warning + 1, month=month).warned
    assert not judged(grace, month=month, number=3).warned
    assert judged(grace + 1, month=month, number=3).warned


@pytest.mark.parametrize("number", [0, 1, 2, 3])
def test_in_the_grace_period_only_less_than_90_percent_brings_a_warning(number: int) -> None:
    assert not judged(864, number=number).warned
    assert judged(865, number=number).warned
    assert judged(433, number=4).warned


def test_exactly_the_limit_is_stable_by_the_text_and_changes_nothing_by_the_flowchart() -> None:
    exact = Evidence("boreal", APRIL, Uptime(1990, 2000), 2000, number=12)
    chart = replace(POLICY, stable_at_limit=False)
    assert judge(exact, MARKED, POLICY).standing == STABLE
    fallen_through = judge(exact, MARKED, chart)
    assert way(fallen_through) == "A-no B-no C-no"
    assert (fallen_through.standing, fallen_through.after.below) == (UNSTABLE, 0)


def test_a_stable_month_keeps_warnings_until_they_age() -> None:
    warned = State(below=1, warnings=("2026-01",))
    assert judged(0, warned).after.warnings == ("2026-01",)
    assert judged(500, warned, month="2026-06").proposal == "exclude"  # January is five before
    later = judged(500, warned, month="2026-07")
    assert (later.proposal, later.after.warnings) == ("", ("2026-07",))


def test_a_row_counts_months_that_are_judged_one_after_the_other() -> None:
    first = judged(50, month="2026-03")
    gap = judge(Evidence("boreal", "2026-04", Uptime(), 8640), first.after, POLICY)
    assert (gap.judged, gap.after) == (False, first.after)
    assert judged(50, gap.after, month="2026-05").standing == UNSTABLE


def test_a_single_good_month_makes_an_unstable_member_stable_and_ends_the_row() -> None:
    good = judged(43, MARKED)
    assert (good.standing, good.after.below) == (STABLE, 0)
    assert judged(44, good.after).standing == STABLE


def test_a_month_without_evidence_changes_nothing() -> None:
    nothing = Evidence("boreal", APRIL, Uptime(0, 0), 8640)
    verdict = judge(nothing, WARNED, POLICY)
    assert (verdict.judged, verdict.after, verdict.collections) == (False, WARNED, NOT_JUDGED)
    assert verdict.reason == (
        "No probe of this month counts. It is not judged: the member stays stable."
    )


def test_a_month_is_judged_only_if_half_of_the_probes_due_were_made() -> None:
    enough = Evidence("boreal", APRIL, Uptime(4000, 4320), 8640, number=12)
    too_few = Evidence("boreal", APRIL, Uptime(3999, 4319), 8640, number=12)
    assert judge(enough, FIRST, POLICY).warned
    assert not judge(too_few, FIRST, POLICY).judged
    assert judge(too_few, FIRST, replace(POLICY, least_coverage=0)).warned


def test_a_partial_month_is_not_judged_unless_asked_for() -> None:
    partial = evidence(8640, full=False)
    assert not judge(partial, FIRST, POLICY).judged
    assert judge(partial, FIRST, replace(POLICY, judge_partial_months=True)).warned


def test_the_grace_period_begins_with_the_first_full_month() -> None:
    joined = day_start("2026-01-15") + 1
    assert [membership(joined, m, POLICY) for m in ("2026-01", "2026-02", "2026-04")] == [
        (0, False),
        (1, True),
        (3, True),
    ]
    assert membership(day_start("2026-01-01") + 60_000, "2026-01", POLICY) == (1, True)
    assert membership(joined, "2025-12", POLICY)[1] is False
    by_joining = replace(POLICY, grace_from_full_month=False)
    assert membership(joined, "2026-01", by_joining) == (1, False)
    assert membership(joined, "2026-04", by_joining) == (4, True)


def test_warnings_of_the_grace_period_count_unless_they_shall_not() -> None:
    apart = replace(POLICY, grace_warnings_count=False)
    grace = judged(900, month="2026-03", number=3)
    assert judged(433, grace.after, number=4).proposal == "exclude"
    forgiven = judged(900, month="2026-03", number=3, policy=apart)
    assert forgiven.warned
    assert forgiven.reason.endswith("Warnings within 6 months: none counts; 2 lead to exclusion.")
    first = judged(433, forgiven.after, number=4, policy=apart)
    assert (first.proposal, first.after.warnings) == ("", (APRIL,))
    assert judged(500, first.after, month="2026-05", number=5, policy=apart).proposal == "exclude"


def test_a_row_may_span_the_end_of_the_grace_period_unless_it_shall_not() -> None:
    apart = replace(POLICY, row_spans_grace=False)
    grace = judged(50, month="2026-03", number=3)
    assert judged(44, grace.after, number=4).standing == UNSTABLE
    assert judged(44, grace.after, number=4, policy=apart).standing == STABLE
    assert judged(44, grace.after, number=3, policy=apart).standing == UNSTABLE


def test_exclusion_is_proposed_by_default_and_automatic_if_so_set() -> None:
    proposed = judged(433, WARNED)
    automatic = judged(433, WARNED, replace(POLICY, automatic_exclusion=True))
    assert (proposed.standing, proposed.proposal) == (UNSTABLE, "exclude")
    assert (automatic.standing, automatic.proposal) == (EXCLUDED, "")


def test_a_proposal_stands_until_it_is_decided() -> None:
    proposed = judged(433, WARNED)
    assert judged(0, proposed.after, month="2026-05").proposal == "exclude"


def test_an_excluded_member_stays_so_and_improvement_is_a_proposal() -> None:
    excluded = State(EXCLUDED, warnings=("2026-02", "2026-03"))
    bad, good = judged(44, excluded), judged(43, excluded)
    assert (bad.standing, bad.proposal) == (EXCLUDED, "")
    assert (good.standing, good.proposal) == (EXCLUDED, "readmit")
    assert judged(50, good.after, month="2026-05").proposal == ""
    patient = replace(POLICY, months_to_improve=2)
    once = judged(43, excluded, patient)
    assert (once.proposal, judged(43, once.after, patient).proposal) == ("", "readmit")


def test_readmission_follows_by_itself_if_so_set() -> None:
    excluded = State(EXCLUDED, warnings=("2026-02", "2026-03"))
    verdict = judged(0, excluded, replace(POLICY, automatic_readmission=True))
    assert verdict.after == State(STABLE, began=month_bounds("2026-05")[0])


def test_a_verdict_says_why_in_words_and_numbers() -> None:
    verdict = judged(433, WARNED)
    assert verdict.reason == (
        "Uptime is 94.988 % (433 of 8640 probes failed), below 99.5 %. "
        "It is month 2 in a row below 99.5 %: the member is unstable. "
        "It is below 95 %: a warning. "
        "Warnings within 6 months: 2026-02, 2026-04: exclusion is proposed, an operator decides."
    )
    assert verdict.evidence.uptime == Uptime(8207, 8640)
    assert verdict.limit == 95_000


PATIENT = replace(POLICY, months_to_improve=2, stable=90_000)
UP_432 = "Uptime is 95.000 % (432 of 8640 probes failed)"
UP_433 = "Uptime is 94.988 % (433 of 8640 probes failed)"


def case(
    failures: int, state: State = FIRST, policy: Policy = POLICY, **more: Any
) -> tuple[Evidence, State, Policy]:
    return evidence(failures, **more), state, policy


@pytest.mark.parametrize(
    ("case_", "reason"),
    [
        (
            case(0),
            "Uptime is 100.000 % (0 of 8640 probes failed), at least 99.5 %: the month is stable.",
        ),
        (
            case(432),
            f"{UP_432}, below 99.5 %. It is month 1 in a row below 99.5 %; unstable from month 2 "
            "on. It is not below 95 %: no warning, the member keeps its status.",
        ),
        (
            case(433, replace(FIRST, below=5), number=3),
            f"{UP_433}, below 99.5 %. It is month 6 in a row below 99.5 %: the member is unstable. "
            "It is not below 90 % (grace period): no warning, the member keeps its status.",
        ),
        (
            case(432, policy=replace(POLICY, stable=95_000, stable_at_limit=False)),
            f"{UP_432}, exactly 95 %. It is not below 95 % either. "
            "It is not below 95 %: no warning, the member keeps its status.",
        ),
        (
            case(433, WARNED, replace(POLICY, automatic_exclusion=True)),
            f"{UP_433}, below 99.5 %. It is month 2 in a row below 99.5 %: the member is unstable. "
            "It is below 95 %: a warning. "
            "Warnings within 6 months: 2026-02, 2026-04: the member is excluded.",
        ),
        (
            case(433, State(EXCLUDED)),
            f"{UP_433}, below 99.5 %. The member is excluded, which only a decision ends.",
        ),
        (
            case(433, State(EXCLUDED, improved=1), PATIENT),
            f"{UP_433}, at least 90 %: the month is stable. The member is excluded, which only a "
            "decision ends. Improvement is shown by 2 good months in a row: readmission is "
            "proposed.",
        ),
        (
            case(432, State(EXCLUDED), replace(POLICY, stable=95_000)),
            f"{UP_432}, exactly 95 %: the month is stable. The member is excluded, which only a "
            "decision ends. Improvement is shown by 1 good month in a row: readmission is "
            "proposed.",
        ),
        (
            case(432, State(EXCLUDED), replace(PATIENT, automatic_readmission=True)),
            f"{UP_432}, at least 90 %: the month is stable. The member is excluded, which only a "
            "decision ends.",
        ),
        (
            case(432, State(EXCLUDED, improved=1), replace(PATIENT, automatic_readmission=True)),
            f"{UP_432}, at least 90 %: the month is stable. The member is excluded, which only a "
            "decision ends. Improvement is shown by 2 good months in a row: readmission is "
            "automatic.",
        ),
        (
            (Evidence("boreal", APRIL, Uptime(99, 100), 8640), MARKED, POLICY),
            "Only 100 of 8640 probes that were due were made, less than 50 %. It is not judged: "
            "the member stays unstable.",
        ),
        (
            case(0, full=False),
            "It was not in the federation for all of this month. It is not judged: the member "
            "stays stable.",
        ),
    ],
)
def test_each_verdict_says_why(case_: tuple[Evidence, State, Policy], reason: str) -> None:
    assert judge(*case_).reason == reason


def test_a_month_that_is_not_judged_has_a_branch_that_says_so() -> None:
    verdict = judged(0, full=False)
    assert way(verdict) == "judged-no"
    assert not verdict.warned


def test_in_maintenance_no_probes_are_due() -> None:
    begin = day_start("2026-04-10")
    window = Window("w", "boreal", begin, begin + 10 * 3_600_000, announced=begin - 1)
    assert due_in(APRIL, Excused([window], POLICY), POLICY) == 8640 - 120
    assert due_in(APRIL, NOTHING, POLICY, joined=day_start("2026-04-30")) == 288
    assert due_in(APRIL, NOTHING, POLICY, joined=day_start("2026-05-02")) == 0
    assert judge(Evidence("boreal", APRIL, Uptime(9, 10), 0, number=12), FIRST, POLICY).warned


def test_the_numbers_of_the_contract_are_settings() -> None:
    strict = replace(
        POLICY, stable=99_900, months_to_unstable=1, warning=99_000, warnings_to_exclude=1
    )
    assert way(judged(9, policy=strict)) == "A-no B-yes C-no"
    assert judged(87, policy=strict).proposal == "exclude"


def test_two_warnings_in_six_months_lie_in_the_month_and_the_five_before() -> None:
    short = replace(POLICY, warning_window=2)
    assert judged(433, State(warnings=("2026-03",)), short).proposal == "exclude"
    assert judged(433, State(warnings=("2026-02",)), short).proposal == ""
    assert judged(433, State(warnings=("2025-11",))).proposal == "exclude"
    assert judged(433, State(warnings=("2025-10",))).proposal == ""
