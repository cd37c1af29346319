"""What holds for every policy, whatever is known."""

from __future__ import annotations

import random
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as some

from aggregator.routing import POLICIES, decide
from aggregator.routing.policies import Facts, Probes
from aggregator.settings.sections import Ranking
from tests.unit.routing.documents import backend, load, needs

NAMES = ["terra", "aurora", "boreal", "delta", "epsilon"]
SOME_NAMES = some.lists(some.sampled_from(NAMES), unique=True, min_size=1)


def known_of_some(value: some.SearchStrategy[object]) -> some.SearchStrategy[dict[str, object]]:
    return some.dictionaries(some.sampled_from([*NAMES, "stranger"]), value)


PROBES = some.integers(0, 10_000).flatmap(
    lambda counted: some.builds(Probes, some.integers(0, counted), some.just(counted))
)
FACTS = some.builds(
    Facts,
    costs=known_of_some(some.sampled_from([0.0, 0.5, 1.0]) | some.floats(0, 1e9)),
    queues=known_of_some(some.integers(0, 5) | some.integers(0, 10**9)),
    latencies=known_of_some(some.floats(0, 1e6)),
    probes=known_of_some(PROBES),
    weights=known_of_some(some.sampled_from([0.0, 1.0]) | some.floats(0, 1e6)),
    preferred=some.lists(some.sampled_from(NAMES), unique=True).map(tuple),
    turn=some.integers(0, 10**9).map(lambda turn: lambda _: turn),
)
POLICY = some.sampled_from(sorted(POLICIES))


def ranking(policy: str, able: list[str], facts: Facts) -> list[str]:
    judged = [backend(name) for name in able]
    return [*decide(needs(a=load()), judged, policy=POLICIES[policy], facts=facts).able]


@given(POLICY, SOME_NAMES, FACTS)
def test_a_ranking_has_every_able_backend_once(policy: str, able: list[str], facts: Facts) -> None:
    assert sorted(ranking(policy, able, facts)) == sorted(able)


@given(POLICY, SOME_NAMES, FACTS)
def test_every_able_backend_is_rated_and_no_other(
    policy: str, able: list[str], facts: Facts
) -> None:
    assert set(POLICIES[policy].rate(able, facts)) == set(able)


@given(POLICY, SOME_NAMES, FACTS, some.randoms(use_true_random=False))
def test_what_a_policy_rates_better_is_better_in_whatever_order_backends_are_configured(
    policy: str, able: list[str], facts: Facts, chance: random.Random
) -> None:
    if policy == "spread":  # by turns, of which equal weights take theirs in configured order
        weights = {name: 2.0**number for number, name in enumerate(sorted(able))}
        facts = replace(facts, weights=weights, turn=lambda _: 0)
    shuffled = chance.sample(able, len(able))
    one, other = POLICIES[policy].rate(able, facts), POLICIES[policy].rate(shuffled, facts)
    assert {n: r.value for n, r in one.items()} == {n: r.value for n, r in other.items()}


@given(POLICY, SOME_NAMES)
def test_where_nothing_is_known_the_configured_order_stays(policy: str, able: list[str]) -> None:
    assert ranking(policy, able, Facts()) == able


@given(POLICY, SOME_NAMES, FACTS)
def test_between_equals_the_configured_order_decides(
    policy: str, able: list[str], facts: Facts
) -> None:
    facts = replace(facts, preferred=())
    rated = POLICIES[policy].rate(able, facts)
    expected = sorted(able, key=lambda name: (rated[name].value, able.index(name)))
    assert ranking(policy, able, facts) == expected


@given(some.sampled_from(["cheapest", "least_loaded", "most_available"]), SOME_NAMES, FACTS)
def test_backends_of_which_nothing_is_known_come_last(
    policy: str, able: list[str], facts: Facts
) -> None:
    known = {
        "cheapest": {*facts.costs},
        "least_loaded": {*facts.queues, *facts.latencies},
        "most_available": {name for name, p in facts.probes.items() if p.counted >= 100},
    }[policy]
    found = ranking(policy, able, facts)
    unknown = [name for name in found if name not in known]
    assert found[len(found) - len(unknown) :] == unknown


@pytest.mark.parametrize("policy", sorted(POLICIES))
def test_who_cannot_run_a_process_is_in_no_ranking(policy: str) -> None:
    judged = [backend("terra", collections=[]), backend("aurora"), backend("boreal", online=False)]
    facts = Facts(costs={"terra": 0.0}, queues={"terra": 0}, preferred=("terra",))
    routing = decide(needs(a=load()), judged, policy=POLICIES[policy], facts=facts)
    assert routing.able == ("aurora",)
    assert routing.policy == policy


def test_the_settings_know_every_policy() -> None:
    check = Ranking.__dataclass_fields__["policy"].metadata["check"]
    assert [name for name in POLICIES if check(name)] == []
    assert check("dearest") == f"must be one of {', '.join(POLICIES)}, not 'dearest'"
