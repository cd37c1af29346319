"""What a request and a backend say of the costs of work, and what is put aside for it."""

from __future__ import annotations

from typing import Any

import pytest

from aggregator.errors import BillingPlanInvalid, BudgetInvalid, PaymentRequired
from aggregator.ledger.orders import (
    Order,
    amount_to_hold,
    cost_nothing,
    read_estimate,
    read_order,
)
from tests.unit.ledger.documents import tariff

WHEN = "2026-03-14T09:10:00Z"


@pytest.mark.parametrize(
    ("document", "order"),
    [
        ({}, Order("batch")),
        ({"budget": None, "plan": None}, Order("batch")),
        ({"budget": 7.5, "plan": "free"}, Order("batch", 7500, "free")),
        ({"job_options": {"etl_organization_id": 7}}, Order("batch", organisation=7)),
        ({"options": {"etl_organization_id": 7}}, Order("batch", organisation=7)),
        (
            {"options": {"etl_organization_id": 8}, "job_options": {"etl_organization_id": 7}},
            Order("batch", organisation=7),
        ),
        ({"job_options": {"etl_organization_id": "7"}}, Order("batch")),
        ({"job_options": {"etl_organization_id": True}}, Order("batch")),
        ({"job_options": [7]}, Order("batch")),
    ],
)
def test_a_request_says_who_pays_and_how_much(document: dict[str, Any], order: Order) -> None:
    assert read_order(document, "batch") == order


def test_wrong_budgets_and_plans_are_refused() -> None:
    with pytest.raises(BudgetInvalid):
        read_order({"budget": 0}, "batch")
    with pytest.raises(BillingPlanInvalid, match="must be the name of a plan, or null"):
        read_order({"plan": 7}, "batch")


@pytest.mark.parametrize(
    ("costs", "millicredits"),
    [
        (0, 0),
        (7.76, 7760),
        (10**12, 10**15),
        (10**12 + 1, None),
        (-1, None),
        ("7", None),
        (None, None),
        (float("nan"), None),
    ],
)
def test_an_estimate_of_a_backend_is_read_in_credits(costs: Any, millicredits: int | None) -> None:
    assert read_estimate({"costs": costs}) == millicredits


@pytest.mark.parametrize(
    ("job", "nothing"),
    [
        ({"status": "canceled", "costs": 0}, True),
        ({"status": "created", "costs": 0}, True),
        ({"status": "finished", "costs": 0}, False),
        ({"status": "canceled", "costs": 0.5}, False),
        ({"status": "created", "costs": 0.5, "queued": WHEN}, False),
        ({"status": "canceled"}, False),
        ({"status": "created"}, False),
        ({"status": "canceled", "costs": None, "queued": WHEN}, False),
        ({"status": "created", "costs": None, "queued": WHEN}, True),
        ({"status": "created", "queued": WHEN, "usage": {}, "progress": 0}, True),
        ({"status": "created", "queued": WHEN, "started": WHEN}, False),
        ({"status": "created", "queued": WHEN, "usage": {"cpu": {"value": 1}}}, False),
        ({"status": "created", "queued": WHEN, "progress": 5}, False),
        ({}, False),
    ],
)
def test_a_job_cost_nothing_if_its_backend_says_so_or_never_started_it(
    job: dict[str, Any], nothing: bool
) -> None:
    assert cost_nothing(job) is nothing


@pytest.mark.parametrize(
    ("order", "estimate", "held"),
    [
        (Order("batch"), None, 7250),
        (Order("batch"), 100, 100),
        (Order("batch"), 0, 0),
        (Order("batch", 7250), None, 7250),
        (Order("batch", 9000), 8000, 8000),
        (Order("service"), None, 0),
        (Order("service", 9000), None, 1),
    ],
)
def test_the_estimate_is_put_aside_and_of_unknown_costs_the_least_with_a_budget(
    order: Order, estimate: int | None, held: int
) -> None:
    assert amount_to_hold(order, tariff(), estimate) == held


def test_a_budget_below_the_estimate_is_refused() -> None:
    with pytest.raises(PaymentRequired, match=r"budget of 7\.249 credits"):
        amount_to_hold(Order("batch", 7249), tariff())
