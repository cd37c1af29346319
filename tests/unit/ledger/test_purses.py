"""What a wallet has, and what of it can be spent."""

from __future__ import annotations

import pytest

from aggregator.ledger.purses import Lot, Purse
from tests.unit.ledger.documents import MARCH, grant


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
