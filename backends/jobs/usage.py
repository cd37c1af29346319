"""What a computation costs."""

import math
from collections.abc import Callable
from typing import Final

from backends.billing import Billing
from backends.jobs.records import Usage

MEGABYTES_PER_GIGABYTE: Final = 1024
PARTS: Final = 1000
"""Prices are whole thousandths."""


def costs_of(
    usage: Usage, billing: Billing, *, batch: bool = False, plan: str | None = None
) -> float:
    """The price of what was used, in the backend's currency.

    Memory is counted in gigabyte-hours of resident memory, time in hours; the fee per job is for
    batch jobs only; the billing plan may multiply the whole. Each item is rounded to the nearest
    thousandth, halves up, as the federation's accounting does.
    """
    return _price(usage, billing, lambda parts: math.floor(parts + 0.5), batch=batch, plan=plan)


def most_costs_of(usage: Usage, billing: Billing, *, plan: str | None = None) -> float:
    """What a batch job costs at most that takes no more than this: each item rounded up."""
    return _price(usage, billing, math.ceil, batch=True, plan=plan)


def _price(
    usage: Usage,
    billing: Billing,
    rounded: Callable[[float], int],
    *,
    batch: bool,
    plan: str | None,
) -> float:
    items = (
        usage.cpu / 3600 * billing.per_cpu_hour,
        usage.memory / MEGABYTES_PER_GIGABYTE / 3600 * billing.per_gigabyte_hour,
        usage.duration / 3600 * billing.per_hour,
        billing.per_job if batch else 0.0,
    )
    factor = billing.factor(plan)
    return sum(rounded(item * factor * PARTS) for item in items) / PARTS
