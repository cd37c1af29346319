"""Tariffs of providers: from usage to credits, in integers.

A credit is worth the same everywhere; a provider chooses what it counts and at which rate. The
worked example of the federation's documentation (1.5 credits per CPU-hour, 1 credit per GB-hour of
1024 MB, 2 credits per batch job): 5099 cpu-seconds and 13,400,773 mb-seconds cost 2.125 and 3.635
credits, with the fee 7.76.

Rounding: each item of a report is rounded by itself to the nearest millicredit, halves up; the
total is the sum of the rounded items, so that a receipt always adds up.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from aggregator.errors import PermissionsInsufficient
from aggregator.ids import is_backend_id
from aggregator.ledger.amounts import LARGEST, MILLICREDITS, quantity, rounded, to_credits
from aggregator.ledger.renewal import FreeTier
from aggregator.ledger.reports import ACTIVITIES, UNITS, Measure, UsageReport

NO_COST = 0
ME, ALL = "me", "all"
"""Whose usage one can ask for beside that of a provider, which therefore has no such id."""


class TariffError(Exception):
    """A tariff that cannot be used; `mistakes` names each reason with its key."""

    def __init__(self, mistakes: Iterable[str], source: str = "pricing") -> None:
        self.mistakes = tuple(mistakes)
        super().__init__(f"{source}: " + "; ".join(self.mistakes))


@dataclass(frozen=True)
class Rate:
    """`millicredits` for every `per` units."""

    unit: str
    millicredits: int
    per: int = 1

    def cost(self, amount: Fraction) -> int:
        """Millicredits for an amount in this unit, halves up."""
        return rounded(amount * self.millicredits / self.per)


CREDITS = Rate("credits", MILLICREDITS)
"""What a provider charges directly; no tariff can change the value of a credit."""


@dataclass(frozen=True)
class Item:
    """One line of a receipt: what was counted, and its cost in millicredits."""

    label: str
    cost: int


@dataclass(frozen=True)
class Tariff:
    """How one provider turns usage into credits, and what it gives for free.

    `rates` by unit, `services` by process id (per square metre), `defaults` by activity: the usage
    that is assumed for estimates. `sources` are the values of `sourceId` that stand for this
    provider, `reporters` the clients that may report for it.
    """

    provider: str
    title: str = ""
    documentation: str = ""
    sources: tuple[str, ...] = ()
    reporters: tuple[str, ...] = ()
    rates: Mapping[str, Rate] = field(default_factory=dict)
    services: Mapping[str, Rate] = field(default_factory=dict)
    defaults: Mapping[str, tuple[Measure, ...]] = field(default_factory=dict)
    free_tiers: tuple[FreeTier, ...] = ()

    def price(self, report: UsageReport) -> tuple[Item, ...]:
        """What a report costs, one item per thing that has a rate; never empty."""
        return self.items(report.measures, report.service)

    def items(self, measures: Iterable[Measure], service: str | None = None) -> tuple[Item, ...]:
        """What these amounts cost; one item of no cost if nothing of it has a rate."""
        priced = [
            Item(service or measure.unit, rate.cost(measure.value))
            for measure in measures
            if (rate := self._rate(measure, service))
        ]
        return tuple(priced) or (Item("nothing priced", NO_COST),)

    def _rate(self, measure: Measure, service: str | None) -> Rate | None:
        if measure.unit == CREDITS.unit:
            return CREDITS
        return self.services.get(service) if service else self.rates.get(measure.unit)

    def expects(self, activity: str) -> bool:
        """Whether it says what is used by such work, so that its costs are known."""
        return activity in self.defaults

    def estimate(self, activity: str, usage: Iterable[Measure] = ()) -> int:
        """What work will cost, in millicredits, from the defaults where usage is not known."""
        known = {measure.unit: measure for measure in self.defaults.get(activity, ())}
        known |= {measure.unit: measure for measure in usage}
        return sum(item.cost for item in self.items(known.values()))

    def least(self) -> int:
        """What the cheapest kind of work is expected to cost; 0 if that is not known of a kind."""
        return min(self.estimate(activity) for activity in ACTIVITIES)

    def as_json(self) -> dict[str, Any]:
        """What is published: rates, services, defaults and free credits; not who reports."""
        return {
            "provider": self.provider,
            "title": self.title,
            "currency": "credits",
            "documentation": self.documentation or None,
            "sources": list(self.sources),
            "rates": {unit: _rate_json(rate) for unit, rate in self.rates.items()},
            "services": {name: _rate_json(rate) for name, rate in self.services.items()},
            "estimates": {
                activity: to_credits(self.estimate(activity)) for activity in self.defaults
            },
            "free_credits_per_month": {
                tier.subscription: to_credits(tier.amount) for tier in self.free_tiers
            },
            "rounding": "Each item to the nearest thousandth of a credit, halves up.",
        }


def _rate_json(rate: Rate) -> dict[str, Any]:
    return {"credits": to_credits(rate.millicredits), "per": rate.per, "unit": rate.unit}


@dataclass(frozen=True)
class Tariffs:
    """The tariffs of all providers of the federation."""

    by_provider: Mapping[str, Tariff] = field(default_factory=dict)

    def of(self, provider: str) -> Tariff:
        """A provider's tariff; one that prices nothing if it has none."""
        return self.by_provider.get(provider) or Tariff(provider)

    def free_tiers(self) -> tuple[FreeTier, ...]:
        """What all providers give for free."""
        return tuple(tier for tariff in self.by_provider.values() for tier in tariff.free_tiers)

    def reported_by(self, source: str, reporter: str) -> Tariff:
        """The tariff of the provider behind a `sourceId`, if this client may report for it.

        Raises PermissionsInsufficient otherwise, in the same words for a source that exists and
        one that does not.
        """
        for tariff in self.by_provider.values():
            if source in tariff.sources and reporter in tariff.reporters:
                return tariff
        raise PermissionsInsufficient(f"You may not report usage for the source '{source}'.")

    def reports_for(self, reporter: str) -> tuple[str, ...]:
        """The sources that a client may report for; empty if it may not report at all."""
        return tuple(
            source
            for tariff in self.by_provider.values()
            if reporter in tariff.reporters
            for source in tariff.sources
        )


def capped(items: tuple[Item, ...], most: int) -> tuple[Item, ...]:
    """The items with costs cut, from the last, so that they cost `most` at the most."""
    left, cut = most, []
    for item in items:
        given = min(item.cost, max(left, 0))
        cut.append(Item(item.label, given))
        left -= given
    return tuple(cut)


# Reading a tariff from a configuration


def read_tariff(document: Any, source: str = "pricing") -> Tariff:
    """A tariff from its configuration. Raises TariffError with every mistake."""
    if not isinstance(document, Mapping):
        raise TariffError(["it must be a mapping"], source)
    reading = _Reading(document)
    provider = reading.identifier("provider")
    tariff = Tariff(
        provider=provider,
        title=reading.text("title", optional=True) or provider,
        documentation=reading.text("documentation", optional=True),
        sources=reading.texts("sources") or (provider,),
        reporters=reading.texts("reporters"),
        rates=reading.rates("rates", set(UNITS) - {"credits", "square_meter"}),
        services=reading.services(),
        defaults=reading.defaults(),
        free_tiers=reading.tiers(provider),
    )
    reading.know(_KEYS)
    if reading.mistakes:
        raise TariffError(reading.mistakes, source)
    return tariff


def gather(tariffs: Iterable[Tariff]) -> Tariffs:
    """All tariffs. Raises TariffError if two are of one provider or claim one source."""
    found, mistakes, claimed = dict[str, Tariff](), list[str](), dict[str, str]()
    for tariff in tariffs:
        if tariff.provider in found:
            mistakes.append(f"there are two tariffs of '{tariff.provider}'")
        for source in tariff.sources:
            other = claimed.setdefault(source, tariff.provider)
            if other != tariff.provider:
                mistakes.append(f"source '{source}' is claimed by {other} and {tariff.provider}")
        found[tariff.provider] = tariff
    if mistakes:
        raise TariffError(mistakes)
    return Tariffs(found)


_KEYS = frozenset(
    {
        "provider",
        "title",
        "documentation",
        "sources",
        "reporters",
        "rates",
        "services",
        "defaults",
        "free_credits_per_month",
    }
)


class _Reading:
    """Reads a configuration and gathers its mistakes, each with its key."""

    def __init__(self, document: Mapping[Any, Any]) -> None:
        self.document = document
        self.mistakes: list[str] = []

    def wrong(self, key: str, wanted: str) -> None:
        self.mistakes.append(f"{key} must be {wanted}")

    def know(self, known: Collection[str]) -> None:
        unknown = (key for key in self.document if key not in known)
        self.mistakes += [f"{key} is not a setting" for key in unknown]

    def text(self, key: str, optional: bool = False) -> str:
        value = self.document.get(key)
        if value is None and optional:
            return ""
        if isinstance(value, str) and value.strip():
            return value
        self.wrong(key, "text")
        return ""

    def identifier(self, key: str) -> str:
        """The id of a backend, as the federation's configuration has it."""
        value = self.text(key)
        if value and not is_backend_id(value):
            self.wrong(key, "the id of a backend: lower-case letters, digits and underscores")
        if value in (ME, ALL):
            self.wrong(key, f"another word, as usage can be asked for of '{value}'")
        return value

    def texts(self, key: str) -> tuple[str, ...]:
        value = self.document.get(key, [])
        if isinstance(value, list) and all(isinstance(one, str) and one for one in value):
            return tuple(value)
        self.wrong(key, "a list of texts")
        return ()

    def mapping(self, key: str) -> Mapping[str, Any]:
        value = self.document.get(key, {})
        if isinstance(value, Mapping) and all(isinstance(name, str) for name in value):
            return value
        self.wrong(key, "a mapping")
        return {}

    def credits(self, key: str, value: Any) -> int:
        """An amount of credits that is a whole number of millicredits."""
        if isinstance(value, int | float) and not isinstance(value, bool):
            amount = _millicredits(value)
            if amount is not None:
                return amount
        self.wrong(key, "credits: 0 or more, with three decimals at the most")
        return 0

    def rates(self, key: str, units: Collection[str]) -> dict[str, Rate]:
        found = {}
        for unit, value in self.mapping(key).items():
            if unit not in units:
                self.wrong(f"{key}.{unit}", f"one of {', '.join(sorted(units))}")
                continue
            found[unit] = self.rate(f"{key}.{unit}", unit, value)
        return found

    def rate(self, key: str, unit: str, value: Any) -> Rate:
        if not isinstance(value, Mapping) or not {"credits"} <= set(value) <= {"credits", "per"}:
            self.wrong(key, "{credits: NUMBER, per: NUMBER OF UNITS}")
            return Rate(unit, 0)
        per = value.get("per", 1)
        if type(per) is not int or per < 1:
            self.wrong(f"{key}.per", "a whole number of units, 1 or more")
            per = 1
        return Rate(unit, self.credits(f"{key}.credits", value["credits"]), per)

    def services(self) -> dict[str, Rate]:
        return {
            name: self.rate(f"services.{name}", "square_meter", value)
            for name, value in self.mapping("services").items()
        }

    def defaults(self) -> dict[str, tuple[Measure, ...]]:
        found = {}
        for activity, amounts in self.mapping("defaults").items():
            if activity not in ACTIVITIES or not isinstance(amounts, Mapping):
                self.wrong(f"defaults.{activity}", f"{', '.join(ACTIVITIES)}: amounts by unit")
                continue
            measures = (self.amount(activity, unit, value) for unit, value in amounts.items())
            found[activity] = tuple(measure for measure in measures if measure)
        return found

    def amount(self, activity: str, unit: Any, value: Any) -> Measure | None:
        metric, most = UNITS.get(unit, ("", 0))
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if metric and number and 0 <= value <= most:
            return Measure(metric, unit, quantity(value))
        self.wrong(f"defaults.{activity}.{unit}", "an amount in one of " + ", ".join(UNITS))
        return None

    def tiers(self, provider: str) -> tuple[FreeTier, ...]:
        key = "free_credits_per_month"
        return tuple(
            FreeTier(provider, name, self.credits(f"{key}.{name}", value))
            for name, value in self.mapping(key).items()
        )


def _millicredits(value: int | float) -> int | None:
    try:
        exact = quantity(value) * MILLICREDITS
    except ValueError:
        return None
    return int(exact) if exact.denominator == 1 and 0 <= exact <= LARGEST else None
