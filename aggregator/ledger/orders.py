"""What a request says about paying for its work, read before anything is sent to a backend."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aggregator.documents import mapping, number, text
from aggregator.errors import BillingPlanInvalid
from aggregator.ledger.amounts import LARGEST, MILLICREDITS, quantity
from aggregator.ledger.checks import check_budget, read_budget
from aggregator.ledger.pricing import Tariff

LEAST = 1
"""Millicredits that are held for work of which it is not known that it costs anything."""
OPTIONS = ("job_options", "options")
ORGANISATION = "etl_organization_id"
"""The job option by which clients say which organisation is to pay. Source: the members' driver."""


@dataclass(frozen=True)
class Order:
    """Work that is to be paid for: what kind, at most how many millicredits, under which plan.

    `organisation` is the one that is to pay instead of the user.
    """

    activity: str
    budget: int | None = None
    plan: str | None = None
    organisation: int | None = None


def read_order(document: Mapping[str, Any], activity: str) -> Order:
    """The order in the body of a request, or in a job's metadata.

    Raises BudgetInvalid, and BillingPlanInvalid for a plan that is no text.
    """
    plan = document.get("plan")
    if plan is not None and not isinstance(plan, str):
        raise BillingPlanInvalid("The billing plan must be the name of a plan, or null.")
    return Order(activity, read_budget(document.get("budget")), plan, _organisation(document))


def _organisation(document: Mapping[str, Any]) -> int | None:
    for place in OPTIONS:
        value = mapping(document, place).get(ORGANISATION)
        if type(value) is int:
            return value
    return None


def read_estimate(document: Mapping[str, Any]) -> int | None:
    """The costs in an estimate of a backend, in millicredits; None if it gives none."""
    costs = number(document, "costs")
    if costs is None or not 0 <= costs <= LARGEST // MILLICREDITS:
        return None
    return int(quantity(costs) * MILLICREDITS)


def cost_nothing(job: Mapping[str, Any]) -> bool:
    """Whether a backend says of a canceled job that it has cost nothing, or that it never ran.

    It says so by costs of 0 (null is no answer), or where it tells when jobs were queued and
    started (API 1.3) by one that was only queued.
    """
    status, costs = text(job, "status"), number(job, "costs")
    if status not in ("created", "canceled") or (costs is not None and costs != 0):
        return False
    if costs is not None:
        return True
    waited = status == "created" and text(job, "queued") != ""
    return waited and not any(job.get(sign) for sign in ("started", "usage", "progress"))


def amount_to_hold(order: Order, tariff: Tariff, estimate: int | None = None) -> int:
    """Millicredits to put aside: the estimate, from the tariff's defaults if there is no other.

    Never more than the budget. Raises PaymentRequired if the budget does not cover the estimate.
    Of work of unknown costs a thousandth of a credit is held if it has a budget, which is kept with
    the hold.
    """
    expected = tariff.estimate(order.activity) if estimate is None else estimate
    check_budget(order.budget, expected)
    return expected if order.budget is None else max(LEAST, expected)
