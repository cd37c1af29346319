"""The names of accounts say what their balances can be, and which postings state them."""

from __future__ import annotations

import pytest

from aggregator.ledger.accounts import (
    grant_account,
    hold_account,
    is_known,
    keeps_running_balance,
    overdraft_account,
    revenue_account,
    settled_account,
    wrong_balance,
)


@pytest.mark.parametrize(
    ("account", "running", "below", "above"),
    [
        ("grant:g", True, False, True),
        ("hold:h", True, False, True),
        ("overdraft:user/alice:terra", True, True, False),
        ("revenue:terra", False, True, True),
        ("settled:terra", False, True, True),
        ("issued", False, True, False),
        ("expired", False, False, True),
    ],
)
def test_each_account_has_the_balances_that_it_can_have(
    account: str, running: bool, below: bool, above: bool
) -> None:
    assert is_known(account)
    assert keeps_running_balance(account) is running
    assert wrong_balance(account, 0) is None
    assert wrong_balance(account, -1) == (None if below else f"{account} is below zero: -1")
    assert wrong_balance(account, 1) == (None if above else f"{account} is above zero: 1")


def test_accounts_are_named_after_what_they_belong_to() -> None:
    assert grant_account("g") == "grant:g"
    assert hold_account("h") == "hold:h"
    assert overdraft_account("user/alice", "terra") == "overdraft:user/alice:terra"
    assert revenue_account("terra") == "revenue:terra"
    assert settled_account("terra") == "settled:terra"


@pytest.mark.parametrize("name", ["cash", "grants", "issued:terra", ""])
def test_there_are_no_other_accounts(name: str) -> None:
    assert not is_known(name)
