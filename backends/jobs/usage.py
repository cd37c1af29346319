"""What a computation costs."""

from backends.jobs.records import Usage
from backends.profile import Billing


def costs_of(
    usage: Usage, billing: Billing, *, batch: bool = False, plan: str | None = None
) -> float:
    """The price of what was used, in the backend's currency, to four decimals.

    Memory is counted in gigabyte-hours of resident memory; the fee per job is
    for batch jobs only; the billing plan may multiply the whole.
    """
    price = usage.cpu / 3600 * billing.per_cpu_hour
    price += usage.memory / 1000 / 3600 * billing.per_gigabyte_hour
    price += billing.per_job if batch else 0.0
    return round(price * billing.factor(plan), 4)
