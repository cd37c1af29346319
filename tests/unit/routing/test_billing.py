"""Where work goes when it has to be paid for, and what is said if it cannot be."""

from typing import Any

import pytest

from aggregator.routing import Billing, Credit, Routing, decide
from aggregator.routing.policies import Facts
from tests.unit.routing.documents import Json, backend, load, needs

EMPTY = Credit(7.25, 0, "2026-04-01")
FULL = Credit(4.25, 100, "2026-04-01")


def plans(*names: str) -> Json:
    return {"billing": {"currency": "credits", "plans": [{"name": name} for name in names]}}


def routed(credits_: dict[str, Credit], *, explicit: str | None = None, **asked: Any) -> Routing:
    backends = [backend("terra"), backend("aurora")]
    return decide(needs(a=load()), backends, explicit=explicit, billing=Billing(credits_, **asked))


def test_large_amounts_are_told_to_the_last_millicredit() -> None:
    assert str(Credit(1234567.891, -199989999.001, "")) == (
        "needs 1234567.891 credits, and you owe 199989999.001 there"
    )


def test_work_goes_where_the_user_has_credits_and_the_explanation_says_so() -> None:
    routing = routed({"terra": EMPTY, "aurora": FULL})
    assert routing.chosen == "aurora"
    assert routing.explain().splitlines() == [
        "This process runs on aurora, the only backend that can run it now.",
        "",
        "  terra   cannot run it:",
        "            - needs 7.25 credits, and you have 0 for use there (free credits there are "
        "renewed on 2026-04-01)",
        "  aurora  chosen",
    ]


def test_where_the_user_has_credits_nowhere_payment_is_required_with_all_that_could_run_it() -> (
    None
):
    error = routed({"terra": EMPTY, "aurora": Credit(4.25, -1)}).rejection()
    assert (error.status, error.code) == (402, "PaymentRequired")
    assert error.message == (
        "Your credits do not cover this: terra needs 7.25 credits, and you have 0 for use there "
        "(free credits there are renewed on 2026-04-01); aurora needs 4.25 credits, and you owe "
        "1 there."
    )


def test_the_users_own_choice_is_not_overruled_by_credits_elsewhere() -> None:
    error = routed({"terra": EMPTY, "aurora": FULL}, explicit="terra").rejection()
    assert error.code == "PaymentRequired"
    assert "terra needs 7.25" in error.message
    assert "2026-04-01" in error.message
    assert "aurora" not in error.message


def test_a_backend_that_is_not_accounted_for_costs_nothing() -> None:
    assert routed({"terra": EMPTY}).chosen == "aurora"


def test_a_budget_that_is_too_low_everywhere_is_invalid() -> None:
    error = routed({"terra": Credit(7, 9), "aurora": Credit(6, 9)}, budget=5).rejection()
    assert (error.status, error.code) == (400, "BudgetInvalid")
    assert error.message == (
        "The budget does not cover this: terra is expected to charge 7 credits, more than the "
        "budget of 5; aurora is expected to charge 6 credits, more than the budget of 5."
    )
    assert routed({"terra": Credit(7, 9), "aurora": Credit(6, 9)}, budget=6).chosen == "aurora"


def test_what_is_only_prepared_may_go_anywhere_but_prefers_where_it_can_be_paid() -> None:
    routing = routed({"terra": EMPTY, "aurora": FULL}, starts=False)
    assert routing.able == ("aurora", "terra")
    assert "2 backends can, and it is covered by your credits" in routing.explain()
    assert "terra   able, choice number 2 (though it needs 7.25 credits" in routing.explain()
    assert routed({"terra": EMPTY}, starts=False, explicit="terra").chosen == "terra"


def test_credits_outweigh_the_operators_order_of_preference() -> None:
    billing = Billing({"terra": EMPTY, "aurora": FULL}, starts=False)
    routing = decide(
        needs(a=load()),
        [backend("terra"), backend("aurora")],
        facts=Facts(preferred=("terra",)),
        billing=billing,
    )
    assert routing.chosen == "aurora"


def test_where_the_user_can_pay_everywhere_or_nowhere_the_configured_order_stays() -> None:
    assert routed({"terra": FULL, "aurora": FULL}, starts=False).able == ("terra", "aurora")
    assert "covered" not in routed({"terra": FULL, "aurora": FULL}, starts=False).explain()
    assert routed({"terra": EMPTY, "aurora": EMPTY}, starts=False).chosen == "terra"


def test_who_could_run_it_but_for_being_offline_comes_before_payment() -> None:
    backends = [backend("terra", online=False), backend("aurora")]
    billing = Billing({"terra": FULL, "aurora": EMPTY})
    assert decide(needs(a=load()), backends, billing=billing).rejection().code == (
        "BackendUnavailable"
    )


@pytest.mark.parametrize(
    ("plan", "explicit", "message"),
    [
        (
            "silver",
            None,
            "There is no billing plan 'silver' in this federation. The plans are free, gold.",
        ),
        (
            "gold",
            "aurora",
            "The billing plan cannot be used for this: aurora has no billing plan 'gold' "
            "(it has free).",
        ),
    ],
)
def test_a_plan_that_the_backend_does_not_offer_is_invalid(
    plan: str, explicit: str | None, message: str
) -> None:
    backends = [
        backend("terra", capabilities=plans("free", "gold")),
        backend("aurora", capabilities=plans("free")),
    ]
    billing = Billing(plan=plan)
    error = decide(needs(a=load()), backends, explicit=explicit, billing=billing).rejection()
    assert (error.status, error.code, error.message) == (400, "BillingPlanInvalid", message)


def test_work_goes_where_its_plan_is_offered() -> None:
    backends = [
        backend("terra", capabilities=plans("free")),
        backend("aurora", capabilities=plans("free", "gold")),
    ]
    assert decide(needs(a=load()), backends, billing=Billing(plan="Gold")).chosen == "aurora"
