from typing import Any

from aggregator.routing import Billing, Credit
from aggregator.routing.rules.payment import judge
from tests.unit.routing.documents import backend, load, needs, said


def told(credits_: dict[str, Credit], **asked: Any) -> list[str]:
    return said(judge, needs(a=load()), backend("terra"), billing=Billing(credits_, **asked))


def test_credits_that_do_not_suffice_are_told_with_the_day_of_renewal() -> None:
    assert told({"terra": Credit(7.25, 0.5, "2026-04-01")}) == [
        "needs 7.25 credits, and you have 0.5 for use there "
        "(free credits there are renewed on 2026-04-01)"
    ]


def test_what_is_never_renewed_is_promised_nothing() -> None:
    assert told({"terra": Credit(7.25, 0)}) == ["needs 7.25 credits, and you have 0 for use there"]


def test_credits_down_to_the_last_one_may_be_used() -> None:
    assert told({"terra": Credit(7.25, 7.25)}) == []


def test_who_owes_starts_not_even_what_is_free() -> None:
    assert told({"terra": Credit(0, -0.001)}) != []
    assert told({"terra": Credit(0, 0)}) == []


def test_credits_elsewhere_say_nothing_about_this_backend() -> None:
    assert told({"aurora": Credit(7, 0)}) == []


def test_a_budget_below_what_it_is_expected_to_cost_is_told() -> None:
    assert told({"terra": Credit(7.25, 100)}, budget=7) == [
        "is expected to charge 7.25 credits, more than the budget of 7"
    ]
    assert told({"terra": Credit(7.25, 100)}, budget=7.25) == []
