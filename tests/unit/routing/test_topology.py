from hypothesis import given
from hypothesis import strategies as st

from aggregator.routing.topology import find_cycle, sort_out

REFERENCES = st.integers(1, 8).flatmap(
    lambda n: st.fixed_dictionaries(
        {
            f"n{i}": st.lists(st.sampled_from([f"n{j}" for j in range(n)]), max_size=3)
            for i in range(n)
        }
    )
)


def naive_cycle(references: dict[str, list[str]]) -> bool:
    def reaches(start: str, goal: str, seen: frozenset[str]) -> bool:
        return any(
            target == goal or (target not in seen and reaches(target, goal, seen | {target}))
            for target in references[start]
        )

    return any(reaches(node, node, frozenset()) for node in references)


@given(REFERENCES)
def test_a_cycle_is_found_exactly_where_there_is_one(references: dict[str, list[str]]) -> None:
    assert bool(find_cycle(references)) is naive_cycle(references)


@given(REFERENCES)
def test_each_node_of_a_cycle_refers_to_the_next(references: dict[str, list[str]]) -> None:
    cycle = find_cycle(references)
    assert all(b in references[a] for a, b in zip(cycle, [*cycle[1:], *cycle[:1]], strict=True))
    assert len(set(cycle)) == len(cycle)


@given(REFERENCES)
def test_each_node_comes_after_those_it_refers_to(references: dict[str, list[str]]) -> None:
    order, waiting = sort_out(references)
    assert set(order) | waiting == set(references)
    assert not set(order) & waiting
    place = {node: number for number, node in enumerate(order)}
    assert all(place[target] < place[node] for node in order for target in references[node])


def test_references_to_nowhere_are_passed_over() -> None:
    assert sort_out({"a": ["x"]}) == (["a"], set())
