import gc
import weakref

import pytest

from aggregator.routing import decide
from aggregator.routing.explanation import lacks
from aggregator.routing.policies import Facts
from tests.unit.routing.documents import backend, load, needs, node


def test_a_person_reads_where_it_runs_and_why_not_elsewhere() -> None:
    backends = [
        backend("terra", collections=["S2"]),
        backend("aurora", collections=["S1"]),
        backend("boreal", collections=["S1"]),
    ]
    assert decide(needs(load1=load("S1")), backends).explain() == (
        "This process runs on aurora: 2 backends can, and it is the first of them in configured "
        "order.\n"
        "\n"
        "  terra   cannot run it:\n"
        "            - has no collection 'S1' (node 'load1')\n"
        "  aurora  chosen\n"
        "  boreal  able, choice number 2"
    )


def test_the_only_one_that_can_is_called_so() -> None:
    text = decide(needs(a=load()), [backend("terra"), backend("aurora", online=False)]).explain()
    assert text.startswith("This process runs on terra, the only backend that can run it now.")
    assert "- is offline" in text


def test_a_preference_is_given_as_the_reason() -> None:
    routing = decide(
        needs(a=load()),
        [backend("terra"), backend("aurora")],
        facts=Facts(preferred=("aurora",)),
    )
    assert "runs on aurora: 2 backends can, and it is number 1 of the order" in routing.explain()


def test_nobody_is_told_with_who_could_if_online() -> None:
    text = decide(needs(a=load()), [backend("terra", online=False)]).explain()
    assert text.startswith("No backend can run this process now; only terra could, but is offline.")
    text = decide(needs(a=load("S9")), [backend("terra")]).explain()
    assert text.startswith("No backend can run this process now.\n")


def test_many_reasons_are_cut() -> None:
    wanted = needs(**{f"n{n}": node(f"unknown_{n}") for n in range(30)})
    lines = decide(wanted, [backend("terra")]).explain().splitlines()
    assert len(lines) == 2 + 1 + 12 + 1
    assert lines[-1].strip() == "- and more"


@pytest.mark.parametrize(
    ("lacking", "told"),
    [
        (3, "'unknown_2' (node 'n2')"),
        (4, "'unknown_2' (node 'n2') and 1 further reason"),
        (5, "'unknown_2' (node 'n2') and 2 further reasons"),
    ],
)
def test_an_error_has_three_reasons_of_each_backend_and_counts_the_others(
    lacking: int, told: str
) -> None:
    wanted = needs(**{f"n{n}": node(f"unknown_{n}") for n in range(lacking)})
    assert lacks(decide(wanted, [backend("terra")]).verdicts).endswith(told)


@pytest.mark.parametrize(
    ("backends", "told"),
    [
        (10, "; b9 has no collection 'S9' (node 'a')"),
        (11, "; 1 other backend cannot run it either"),
        (12, "; 2 other backends cannot run it either"),
    ],
)
def test_an_error_has_ten_backends_and_counts_the_others(backends: int, told: str) -> None:
    routing = decide(needs(a=load("S9")), [backend(f"b{n}") for n in range(backends)])
    assert lacks(routing.verdicts).endswith(told)


def test_names_cannot_spoil_the_terminal() -> None:
    wanted = needs(**{"a\x1b[2J\n": load("S\x1b[31m")})
    text = decide(wanted, [backend("terra")]).explain()
    assert "\x1b" not in text
    assert len(text.splitlines()) == 4


def test_nothing_that_users_have_written_is_kept_beyond_their_request() -> None:
    routing = decide(needs(secret_name=node("unknown")), [backend("terra"), backend("aurora")])
    assert "secret_name" in routing.explain()
    verdict = weakref.ref(routing.verdicts[0])
    del routing
    gc.collect()
    assert verdict() is None
