from __future__ import annotations

from collections import Counter
from fractions import Fraction

from hypothesis import given
from hypothesis import strategies as some

from aggregator.routing import POLICIES, decide
from aggregator.routing.policies import Facts
from aggregator.routing.policies.spread import apportioned
from tests.unit.routing.documents import backend, load, needs
from tests.unit.routing.policies.documents import in_order, ranked

WEIGHTS = some.dictionaries(
    some.sampled_from(["terra", "aurora", "boreal", "delta"]),
    some.floats(0.01, 100),
    min_size=1,
)


def first(weights: dict[str, float], turn: int) -> str:
    facts = Facts(weights=weights, turn=lambda _: turn)
    rated = POLICIES["spread"].rate([*weights], facts)
    return min(rated, key=lambda name: rated[name].value)


def test_turns_follow_the_weights() -> None:
    weights = {"terra": 3.0, "aurora": 1.0}
    assert [first(weights, turn) for turn in range(8)] == [
        "terra",
        "terra",
        "aurora",
        "terra",
        "terra",
        "terra",
        "aurora",
        "terra",
    ]


def test_the_ranking_says_whose_turn_it_is_and_what_each_gets() -> None:
    assert in_order(
        ranked("spread", weights={"terra": 2, "boreal": 0}, turn=lambda _: 1)
    ) == in_order(
        {
            "aurora": "next in turn for its 33.3 % of such requests",
            "terra": "66.7 % of such requests",
            "boreal": "of weight 0, for want of others",
        }
    )


def test_without_weights_each_is_asked_as_often() -> None:
    found = Counter(next(iter(ranked("spread", turn=lambda _, n=n: n))) for n in range(30))
    assert found == {"terra": 10, "aurora": 10, "boreal": 10}


def test_a_turn_is_asked_for_once_and_for_those_between_whom_there_is_a_choice() -> None:
    asked: list[tuple[str, ...]] = []

    def turn(candidates: tuple[str, ...]) -> int:
        asked.append(candidates)
        return 0

    ranked("spread", turn=turn, weights={"boreal": 0.0})
    ranked("spread", ("terra",), turn=turn)
    ranked("spread", ("terra", "boreal"), turn=turn, weights={"boreal": 0.0})
    assert asked == [("terra", "aurora")]


def test_those_among_whom_nobody_is_chosen_take_no_turn() -> None:
    asked: list[tuple[str, ...]] = []

    def turn(candidates: tuple[str, ...]) -> int:
        asked.append(candidates)
        return 1

    routing = decide(
        needs(a=load()),
        [backend(name) for name in ("terra", "aurora", "boreal", "delta")],
        policy=POLICIES["spread"],
        facts=Facts(turn=turn),
        reachable=["aurora", "delta"],
    )
    assert routing.able == ("delta", "aurora", "terra", "boreal")
    assert asked == [("aurora", "delta")]


def test_where_all_weigh_nothing_the_configured_order_stays() -> None:
    assert [*ranked("spread", weights={"terra": 0, "aurora": 0, "boreal": 0})] == [
        "terra",
        "aurora",
        "boreal",
    ]


@given(WEIGHTS, some.integers(0, 10**12))
def test_of_many_requests_each_has_its_share_and_is_never_off_by_more_than_it_says(
    weights: dict[str, float], seats: int
) -> None:
    exact = {name: Fraction(weight) for name, weight in weights.items()}
    counts = apportioned(exact, seats)
    assert sum(counts.values()) == seats
    whole = sum(exact.values())
    for name, weight in exact.items():
        share = weight / whole
        assert abs(counts[name] - seats * share) <= (1 + len(exact) * share) / 2


@given(WEIGHTS, some.integers(0, 300))
def test_each_turn_gives_one_more_to_the_one_that_is_first(
    weights: dict[str, float], turn: int
) -> None:
    exact = {name: Fraction(weight) for name, weight in weights.items()}
    before, after = apportioned(exact, turn), apportioned(exact, turn + 1)
    chosen = first(weights, turn)
    assert after == {name: count + (name == chosen) for name, count in before.items()}


@given(
    some.lists(some.integers(0, 3), min_size=1, max_size=200),
    some.lists(some.floats(0.1, 10), min_size=2, max_size=4),
)
def test_workers_that_count_for_themselves_are_off_by_as_little_for_each_of_them(
    asked_at: list[int], heavy: list[float]
) -> None:
    """However requests fall to four workers, whose processes share nothing."""
    weights = {f"b{number}": weight for number, weight in enumerate(heavy)}
    turns, given_to = Counter[int](), Counter[str]()
    for worker in asked_at:
        given_to[first(weights, turns[worker])] += 1
        turns[worker] += 1
    whole = sum(map(Fraction, heavy))
    for name, weight in weights.items():
        share = Fraction(weight) / whole
        most = 4 * (1 + len(heavy) * share) / 2
        assert abs(given_to[name] - len(asked_at) * share) <= most
