"""The decision: every rule judges every backend, preferences rank those that are able."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache

from aggregator.errors import OpenEOError
from aggregator.routing.abilities import Abilities
from aggregator.routing.billing import FREE, Billing
from aggregator.routing.explanation import explain
from aggregator.routing.policies import NOTHING_KNOWN, ORDER, Facts, Policy, Rate, first_turn
from aggregator.routing.preferences import (
    NearData,
    Payable,
    Ranked,
    RateAll,
    Rating,
    Reachable,
    rank,
)
from aggregator.routing.references import OwnerOf, owner_by_id
from aggregator.routing.rejection import Case, rejection, rejections
from aggregator.routing.requirements import Requirements
from aggregator.routing.rules import RULES, Rule
from aggregator.routing.verdicts import Asked, Reason, Verdict

REASONS = 50
"""How many reasons a verdict lists at most: one is enough, and a process may be very wrong."""


@dataclass(frozen=True)
class Routing:
    """Which backend runs a process and why, and why not the others.

    `verdicts` has one for each backend, in configured order; `ranking` the able ones, most
    preferred first; `chosen` is the first of these, or None if there are none. `policy` is the name
    of the one that ranked them.
    """

    chosen: str | None
    verdicts: tuple[Verdict, ...]
    ranking: tuple[Ranked, ...]
    case: Case = field(repr=False, compare=False)
    policy: str = ORDER.name

    @property
    def able(self) -> tuple[str, ...]:
        """The backends that can run the process now, most preferred first."""
        return tuple(ranked.backend for ranked in self.ranking)

    def explain(self) -> str:
        """The decision as text of several lines, for people at a terminal and in logs."""
        if any(verdict.reasons for verdict in self.verdicts):
            return explain(self.verdicts, self.ranking)
        return _explained(self.verdicts, self.ranking)

    def rejection(self) -> OpenEOError:
        """The error that says why no backend can run the process; ValueError if one can.

        CollectionNotFound, ProcessUnsupported, ProcessParameterUnsupported, JobNotFound,
        FileTypeInvalid, ServiceUnsupported or BillingPlanInvalid for what nobody has,
        BackendUnavailable if only backends that are offline could, PaymentRequired,
        BudgetInvalid or BillingPlanInvalid if only paying stands in the way, otherwise
        NoBackendForProcess.
        """
        if self.chosen is not None:
            raise ValueError(f"backend {self.chosen!r} can run this process")
        return rejection(self.case, self.verdicts)

    def rejections(self) -> tuple[OpenEOError, ...]:
        """That error, and one for everything else that nobody has; ValueError if one can run it."""
        if self.chosen is not None:
            raise ValueError(f"backend {self.chosen!r} can run this process")
        return rejections(self.case, self.verdicts)


@lru_cache(64)
def _explained(verdicts: tuple[Verdict, ...], ranking: tuple[Ranked, ...]) -> str:
    """Of processes that every backend can run: no word of theirs is in it."""
    return explain(verdicts, ranking)


def decide(
    requirements: Requirements,
    abilities: Sequence[Abilities],
    *,
    explicit: str | None = None,
    policy: Policy = ORDER,
    facts: Facts = NOTHING_KNOWN,
    reachable: Collection[str] | None = None,
    owner_of: OwnerOf | None = None,
    service_type: str | None = None,
    operation: str | None = None,
    billing: Billing = FREE,
) -> Routing:
    """Judge all backends, given in configured order, and rank those that are able.

    `explicit` is the backend that the request asks for; `owner_of` finds the backend of a job id
    or address (by default of federated ids only); `service_type` is given for web services,
    `operation` (such as `POST /jobs`) for the endpoint that is needed, and `billing` where work is
    paid for. `reachable` are the backends at which the user is known, if that matters. Of those
    that can be paid for and reached `policy` chooses, by `facts`.
    """
    members = tuple(backend.backend for backend in abilities)
    asked = Asked(
        members=members,
        explicit=explicit,
        operation=operation,
        service_type=service_type,
        owner_of=owner_of or owner_by_id(members),
        billing=billing,
    )
    rules = [rule for rule in RULES if rule.concerns(requirements, asked)]
    verdicts = tuple(_judge(rules, requirements, backend, asked) for backend in abilities)
    able = [b for b, verdict in zip(abilities, verdicts, strict=True) if verdict.able]
    # Where nothing can be paid nothing will run; being close to the data comes last, so that a
    # stated preference outweighs it.
    payable = () if billing.starts else (Payable(billing),)
    some = reachable is not None and any(backend.backend in reachable for backend in able)
    known = (Reachable(reachable),) if reachable is not None and some else ()
    near = (NearData(asked.owner_of),) if requirements.references else ()
    rates = [_by(policy.rate, facts)]
    if policy is not ORDER:
        rates.append(_silent(_by(ORDER.rate, facts)))
    ranking = rank(
        requirements,
        able,
        (*payable, *known),
        rates,
        near,
    )
    return Routing(
        chosen=ranking[0].backend if ranking else None,
        verdicts=verdicts,
        ranking=ranking,
        case=Case(requirements, tuple(abilities), asked),
        policy=policy.name,
    )


def _by(rate: Rate, facts: Facts) -> RateAll:
    """Rates by facts; a turn is taken only by those that lead, of whom one is chosen."""
    return lambda names, leading: rate(names, facts if leading else replace(facts, turn=first_turn))


def _silent(rate: RateAll) -> RateAll:
    """The same without words, for what only breaks ties."""
    return lambda names, leading: {
        name: Rating(rating.value) for name, rating in rate(names, leading).items()
    }


def _judge(
    rules: Sequence[Rule], requirements: Requirements, backend: Abilities, asked: Asked
) -> Verdict:
    reasons: list[Reason] = []
    for rule in rules:
        for reason in rule.judge(requirements, backend, asked):
            if len(reasons) == REASONS:
                return Verdict(backend.backend, tuple(reasons), more=True)
            reasons.append(reason)
    return Verdict(backend.backend, tuple(reasons))
