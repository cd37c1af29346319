"""Decisions, and how a member stands after them."""

from __future__ import annotations

import pytest

from aggregator.health.policy import Policy
from aggregator.health.standing import (
    Decision,
    DecisionError,
    Standing,
    State,
    Step,
    decided,
    standing_of,
)
from aggregator.moments import day_start

POLICY = Policy()
AT = day_start("2026-05-04")


def decision(kind: str) -> Decision:
    return Decision("boreal", AT, kind, "olga", "talked to them")


def test_an_exclusion_holds_until_readmission_which_forgets_warnings() -> None:
    before = State("unstable", below=2, warnings=("2026-02", "2026-04"), proposal="exclude")
    excluded = decided(before, decision("exclude"), POLICY)
    assert (excluded.standing, excluded.proposal) == ("excluded", "")
    assert decided(excluded, decision("readmit"), POLICY) == State("stable", began=AT)


def test_what_comes_after_an_exclusion_is_a_choice() -> None:
    policy = Policy(unstable_after_readmission=True, warnings_survive_exclusion=True)
    back = decided(State("excluded", warnings=("2026-04",)), decision("readmit"), policy)
    assert back == State("unstable", began=AT, warnings=("2026-04",))


def test_a_proposal_can_be_turned_down() -> None:
    proposed = State("unstable", proposal="exclude")
    assert decided(proposed, decision("decline"), POLICY) == State("unstable")


@pytest.mark.parametrize(
    ("state", "kind", "why"),
    [
        (State("excluded"), "exclude", "boreal is excluded already."),
        (State("unstable"), "readmit", "boreal is not excluded."),
        (State("unstable"), "decline", "Nothing is proposed for boreal."),
        (State(), "praise", "A decision is one of exclude, readmit, decline, not 'praise'."),
    ],
)
def test_a_decision_without_sense_is_refused(state: State, kind: str, why: str) -> None:
    with pytest.raises(DecisionError, match=why):
        decided(state, decision(kind), POLICY)


def test_the_standing_says_since_when_and_why() -> None:
    steps = [
        Step(1, State("unstable"), "two months"),
        Step(2, State("unstable", proposal="exclude"), "three months"),
        Step(AT, State("excluded"), "talked to them."),
    ]
    assert standing_of("boreal", []) == Standing("boreal")
    assert standing_of("boreal", steps[:2]) == Standing(
        "boreal", "unstable", 1, "two months", "exclude"
    )
    found = standing_of("boreal", steps)
    assert found.excluded
    assert found.as_text() == "is excluded since 2026-05-04T00:00:00Z: talked to them"
