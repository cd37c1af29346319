"""The answer in one line: what it takes to say yes, and what it says beside."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from scripts.self_review.catalogue import AGGREGATOR, MANUAL, Requirement, load
from scripts.self_review.findings import (
    Cause,
    Finding,
    Outcome,
    Verdict,
    could_not_tell,
    failed,
    passed,
)
from scripts.self_review.next_steps import next_steps
from scripts.self_review.verdicts import answer

CATALOGUE = load()
MINIMUM = [r for r in CATALOGUE if CATALOGUE.in_minimum(r) and r.applies_to != AGGREGATOR]
STATEMENTS = sum(row.method == MANUAL for row in MINIMUM)
GOOD = passed("Good.")


def found(said: Callable[[Requirement], Outcome], rows: list[Requirement]) -> list[Finding]:
    return [Finding(row, said(row)) for row in rows]


def as_it_should_be(row: Requirement) -> Outcome:
    if row.method == MANUAL:
        return could_not_tell("Only the provider can say so.", Cause.STATEMENT)
    return GOOD


def but(outcome: Outcome, *ids: str) -> Callable[[Requirement], Outcome]:
    return lambda row: outcome if row.id in ids else as_it_should_be(row)


def said(findings: list[Finding]) -> tuple[int, str]:
    given = answer(findings, CATALOGUE)
    return given.status, given.line.removeprefix("meets the federation minimum: ")


LATER = f"{STATEMENTS} need a statement or other evidence"


def test_the_whole_minimum_can_be_met() -> None:
    assert said(found(as_it_should_be, MINIMUM)) == (0, f"yes; {LATER}")


def test_a_part_of_the_minimum_is_not_the_minimum() -> None:
    some = [row for row in MINIMUM if row.id in {"api-1", "api-43"}]
    status, line = said(found(as_it_should_be, some))
    assert status == 2
    assert line.startswith("could not be judged; ")
    assert " were not looked at; " in line


def test_without_the_statements_they_are_said_to_be_missing() -> None:
    rows = [row for row in MINIMUM if row.method != MANUAL]
    assert said(found(as_it_should_be, rows)) == (0, f"yes; {LATER}")


def test_a_part_that_fails_is_enough_for_a_no() -> None:
    rows = [CATALOGUE["api-43"]]
    status, line = said(found(but(failed("Bad."), "api-43"), rows))
    assert status == 1
    assert line.startswith("no, 1 required requirement fails; ")


def test_what_could_not_be_told_is_said_beside_what_fails() -> None:
    gone = could_not_tell("Gone.", Cause.UNREACHABLE)
    findings = found(but(failed("Bad."), "api-43"), [r for r in MINIMUM if r.id != "api-1"])
    findings.append(Finding(CATALOGUE["api-1"], gone))
    expected = f"no, 1 required requirement fails; 1 could not be told; {LATER}"
    assert said(findings) == (1, expected)


def test_a_waiver_is_said_to_be_one() -> None:
    findings = found(but(failed("Bad."), "api-43"), MINIMUM)
    waived = [
        one.as_(Verdict.WAIVED, "Agreed.") if one.verdict is Verdict.FAIL else one
        for one in findings
    ]
    assert said(waived) == (0, f"yes; {LATER}; 1 is waived")
    assert next_steps([one for one in waived if one.id == "api-43"], CATALOGUE)[0].startswith(
        "Review the whole minimum"
    )


def test_an_outdated_row_and_the_rules_for_aggregators_may_be_left_out() -> None:
    rows = [row for row in MINIMUM if row.id != "api-113" and row.family != "federation"]
    assert said(found(as_it_should_be, rows))[0] == 0


@pytest.mark.parametrize(
    ("outcome", "step"),
    [
        (failed("Bad."), "Mend what the minimum requires and fails (1): api-43."),
        *(
            (
                could_not_tell("Open.", cause),
                f"To judge what could not be told (1: {advice}: api-43.",
            )
            for cause, advice in (
                (Cause.UNREACHABLE, "unreachable), see why there was no answer"),
                (Cause.UNUSABLE, "unusable answer), mend first what the findings point at"),
                (Cause.LOGIN, "needs a login), give a login (--basic or one of --oidc-…)"),
                (Cause.READ_ONLY, "read-only), leave out --read-only"),
                (Cause.LIMIT, "limits of this review), raise the limit that is named there"),
                (Cause.INTERNAL, "internal error), report the failure of this program"),
                (Cause.UNCHECKED, "no check), look for yourself"),
            )
        ),
        (
            could_not_tell("A history is needed.", Cause.TIME, hint="Give --history FILE."),
            "Give --history FILE (1): api-43.",
        ),
        (
            could_not_tell("Only you know.", Cause.STATEMENT),
            "State what only you can say (1): openeo-self-review template --output "
            "statements.yaml, fill it in, and give --attest statements.yaml: api-43.",
        ),
    ],
)
def test_the_next_step_is_said_for_each_reason(outcome: Outcome, step: str) -> None:
    rows = [row for row in MINIMUM if row.method != MANUAL]
    assert next_steps(found(but(outcome, "api-43"), rows), CATALOGUE) == [step]


def test_what_was_not_looked_at_is_to_be_reviewed() -> None:
    rows = [row for row in MINIMUM if row.method != MANUAL and row.id not in {"api-1", "api-43"}]
    rows = [row for row in rows if row.id != "api-113"]
    assert next_steps(found(as_it_should_be, rows), CATALOGUE) == [
        "Review the whole minimum (--profile minimum, with a login): 2 of its requirements were "
        "not part of this review."
    ]


def test_of_many_the_first_eight_are_named_and_evidence_is_grouped_by_what_gives_it() -> None:
    rows = [row for row in MINIMUM if row.method != MANUAL]
    ids = [row.id for row in rows]

    def outcome(row: Requirement) -> Outcome:
        if row.id in ids[:9]:
            return failed("Bad.")
        if row.id in ids[9:17]:
            return could_not_tell("Not yet.", Cause.TIME, hint="Give --history FILE.")
        if row.id == ids[17]:
            return could_not_tell("Ask again in a month.", Cause.TIME)
        return GOOD

    assert next_steps(found(outcome, rows), CATALOGUE) == [
        f"Mend what the minimum requires and fails (9): {', '.join(ids[:8])} and 1 more.",
        f"Give --history FILE (8): {', '.join(ids[9:17])}.",
        f"Ask again in a month (1): {ids[17]}.",
    ]


def test_what_no_profile_of_the_minimum_requires_is_said_to_be_optional() -> None:
    optional = Finding(CATALOGUE["api-111"], failed("Basic is offered."))
    rows = [row for row in MINIMUM if row.method != MANUAL]
    assert next_steps([*found(as_it_should_be, rows), optional], CATALOGUE) == [
        "Beyond the minimum, which nobody has to have, consider what fails (1): api-111."
    ]
