"""What a wallet has, and what of it can be spent."""

from __future__ import annotations

import pytest

from aggregator.ledger.events import repaid
from aggregator.ledger.purses import Lot, Purse
from tests.unit.ledger.documents import APRIL, MARCH, grant


@pytest.mark.parametrize(
    ("debts", "left"),
    [
        ({}, 60),
        ({"aurora": 5}, 55),
        ({"aurora": 100}, 10),
        ({"terra": 20}, 40),
        ({"terra": 100}, 20),
        ({"terra": 100, "aurora": 100}, 0),
        ({"boreal": 100}, 30),
    ],
)
def test_what_can_be_spent_is_what_is_left_once_debts_are_paid(
    debts: dict[str, int], left: int
) -> None:
    lots = (
        Lot(grant("a", 10, provider="terra"), 10),
        Lot(grant("b", 20, provider="aurora"), 20),
        Lot(grant("c", 30), 30),
        Lot(grant("old", 40, created=MARCH - 2, expires=MARCH - 1), 40),
    )
    purse = Purse("user/alice", lots, debts)
    assert purse.total(MARCH) == left
    assert purse.owed() == sum(debts.values())


def test_what_can_be_spent_is_what_paying_the_debts_leaves() -> None:
    lots = (Lot(grant("b", 20, provider="aurora"), 20), Lot(grant("c", 30, expires=APRIL), 30))
    for debts in ({"aurora": 30, "boreal": 25}, {"boreal": 25, "aurora": 30}):
        purse = Purse("user/alice", lots, debts)
        entry = repaid(purse, cause="x", at=MARCH)
        assert entry is not None
        paid = -sum(posting.amount for posting in entry.postings if posting.amount < 0)
        assert purse.total(MARCH) == 50 - paid == 20


def test_an_amount_is_drawn_from_what_is_left_and_from_no_more_grants_than_it_takes() -> None:
    spent, first, second = grant("a", 1), grant("b", 1), grant("c", 1)
    purse = Purse("user/alice", (Lot(second, 5), Lot(spent, 0), Lot(first, 1)))
    assert purse.draw("terra", 1, MARCH) == ([Lot(first, 1)], 0)
    assert purse.draw("terra", 4, MARCH) == ([Lot(first, 1), Lot(second, 3)], 0)
    assert purse.draw("terra", 9, MARCH) == ([Lot(first, 1), Lot(second, 5)], 3)
    assert purse.draw("terra", 0, MARCH) == ([], 0)
