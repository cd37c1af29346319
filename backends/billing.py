"""What computing costs at a backend, and in which plans."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from backends.configuration import FREE, Reader


@dataclass(frozen=True)
class Plan:
    """A billing plan. ``factor`` multiplies every price of the backend."""

    name: str
    description: str
    paid: bool = False
    factor: float = 1.0


STANDARD: Final = Plan("standard", "Everything is charged as measured.")


@dataclass(frozen=True)
class Billing:
    """What computing costs here, in ``currency``. The first plan is the default."""

    currency: str = "credits"
    per_cpu_hour: float = 1.0
    per_gigabyte_hour: float = 0.1
    per_hour: float = 0.0
    """Of the time that a computation takes."""
    per_job: float = 0.0
    budget: float = 1000.0
    """What a user has to spend, where nothing else is said for them."""
    plans: tuple[Plan, ...] = (STANDARD,)

    def plan(self, name: str | None) -> Plan | None:
        """The plan of that name in any case, if there is one."""
        wanted = (name or "").lower()
        return next((plan for plan in self.plans if plan.name.lower() == wanted), None)

    def factor(self, plan: str | None) -> float:
        """What the prices are multiplied by in that plan; 1 in one that is gone."""
        found = self.plan(plan)
        return found.factor if found else 1.0


@dataclass(frozen=True)
class _Prices:
    currency: str = Billing.currency
    per_cpu_hour: float = field(default=Billing.per_cpu_hour, metadata=FREE)
    per_gigabyte_hour: float = field(default=Billing.per_gigabyte_hour, metadata=FREE)
    per_hour: float = Billing.per_hour
    per_job: float = Billing.per_job
    budget: float = Billing.budget


def read_billing(reader: Reader, value: object) -> Billing:
    """The section ``billing`` of a profile; mistakes go to the reader."""
    given = {} if value is None else reader.mapping("billing", value)
    prices = {key: entry for key, entry in given.items() if key != "plans"}
    read = reader.numbers("billing", prices, _Prices)
    plans = _plans(reader, given["plans"]) if "plans" in given else Billing.plans
    return Billing(**vars(read), plans=plans)


def _plans(reader: Reader, value: object) -> tuple[Plan, ...]:
    entries = reader.sequence("billing.plans", value)
    if not entries and isinstance(value, list):
        reader.add("billing.plans", "must hold at least one plan")
    plans: list[Plan] = []
    for number, entry in enumerate(entries):
        where = f"billing.plans[{number}]"
        plan = _plan(reader, where, reader.mapping(where, entry))
        if any(plan.name.lower() == other.name.lower() for other in plans):
            reader.add(f"{where}.name", f"{plan.name!r} stands twice")
        plans.append(plan)
    return tuple(plans)


def _plan(reader: Reader, where: str, given: Mapping[str, Any]) -> Plan:
    reader.unknown_keys(where, given, {"name", "description", "paid", "factor"})
    name = reader.text(f"{where}.name", given.get("name"))
    description = reader.text(f"{where}.description", given.get("description"))
    paid, factor = given.get("paid", False), given.get("factor", 1.0)
    if not isinstance(paid, bool):
        reader.add(f"{where}.paid", "must be true or false")
    if isinstance(factor, bool) or not isinstance(factor, int | float) or factor < 0:
        reader.add(f"{where}.factor", f"{factor!r} is no number of at least 0")
        factor = 1.0
    return Plan(name, description, bool(paid), float(factor))
