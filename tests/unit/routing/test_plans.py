from __future__ import annotations

import json
from typing import Any

import pytest

from aggregator.routing.plans import (
    Exchange,
    Part,
    Plan,
    amount,
    filled,
    plan_from_json,
    renamed,
)
from tests.unit.routing.documents import load, node, process, ref

OPTICAL = Part(
    "part1",
    "terra",
    ("optical", "ndvi"),
    process(
        optical=load("S2"),
        ndvi=node("ndvi", data=ref("optical")),
        handed=node("save_result", data=ref("ndvi"), format="netCDF"),
    ),
    why="has collection 'S2', which no other backend has",
)
RADAR = Part(
    "part2",
    "aurora",
    ("radar",),
    process(
        radar=load("S1"),
        handed=node("save_result", data=ref("radar"), format="netCDF"),
    ),
)
JOINED = Part(
    "part3",
    "aurora",
    ("merge", "save"),
    process(
        ndvi=node("load_stac", url="federation:part:part1"),
        radar=node("load_stac", url="federation:part:part2"),
        merge=node("merge_cubes", cube1=ref("ndvi"), cube2=ref("radar")),
        save=node("save_result", data=ref("merge"), format="GTiff"),
    ),
    needs=("part1", "part2"),
)
PLAN = Plan(
    (OPTICAL, RADAR, JOINED),
    (
        Exchange("ndvi", "part1", ("part3",), "netCDF", 12_000_000),
        Exchange("radar", "part2", ("part3",), "netCDF", 500_000),
    ),
)


def test_a_person_reads_what_runs_where_and_what_is_handed_on() -> None:
    assert PLAN.explain() == (
        "This process runs in 3 parts on terra, aurora; 2 results are handed on, about 12.5 MB.\n"
        "\n"
        "  part1  on terra: optical, ndvi\n"
        "           - has collection 'S2', which no other backend has\n"
        "           - hands on the result of 'ndvi' as netCDF, about 12 MB, to part3\n"
        "  part2  on aurora: radar\n"
        "           - hands on the result of 'radar' as netCDF, about 500 kB, to part3\n"
        "  part3  on aurora: merge, save\n"
        "           - reads the results of part1, part2"
    )


def test_names_in_a_plan_cannot_spoil_the_terminal() -> None:
    plan = Plan((Part("part1", "terra", ("a\x1b[2J\n",), process(a=load())),))
    assert "\x1b" not in plan.explain()
    assert len(plan.explain().splitlines()) == 3


def test_the_last_part_has_the_result_and_each_backend_is_named_once() -> None:
    assert PLAN.last is JOINED
    assert PLAN.backends == ("terra", "aurora")


def test_what_is_read_twice_is_counted_twice_and_what_is_not_known_is_not_guessed() -> None:
    one = Part("a", "terra", ("a",), process(a=load()))
    two = Part("b", "aurora", ("b",), process(b=load()), needs=("a",))
    three = Part("c", "boreal", ("c",), process(c=load()), needs=("a", "b"))
    known = Exchange("a", "a", ("b", "c"), "netCDF", 10)
    assert Plan((one, two, three), (known, Exchange("b", "b", ("c",), "netCDF", 5))).size == 25
    assert Plan((one, two, three), (known, Exchange("b", "b", ("c",), "netCDF"))).size is None


def test_a_plan_survives_being_written_as_json() -> None:
    assert plan_from_json(json.loads(json.dumps(PLAN.as_json()))) == PLAN
    unknown = Plan(
        (OPTICAL, Part("part2", "aurora", ("x",), process(x=load()), needs=("part1",))),
        (Exchange("ndvi", "part1", ("part2",), "netCDF"),),
    )
    assert plan_from_json(json.loads(json.dumps(unknown.as_json()))) == unknown


@pytest.mark.parametrize(
    ("parts", "exchanges"),
    [
        ((), ()),
        ((RADAR, RADAR), ()),
        ((JOINED, OPTICAL, RADAR), PLAN.exchanges),
        ((OPTICAL, RADAR, JOINED), PLAN.exchanges[:1]),
        ((OPTICAL, RADAR), PLAN.exchanges),
    ],
    ids=["no parts", "an id twice", "wrong order", "needed, not handed on", "handed on to nobody"],
)
def test_what_is_no_plan_is_refused(parts: Any, exchanges: Any) -> None:
    with pytest.raises(ValueError, match="part"):
        Plan(parts, exchanges)


def test_a_part_is_filled_with_the_addresses_of_the_results_that_it_reads() -> None:
    before = json.dumps(JOINED.process)
    ready = filled(JOINED, {"part1": "https://t/1?sig=a", "part2": "https://a/2?sig=b"})
    graph = ready["process_graph"]
    assert graph["ndvi"]["arguments"]["url"] == "https://t/1?sig=a"
    assert graph["radar"]["arguments"]["url"] == "https://a/2?sig=b"
    assert graph["merge"] == JOINED.process["process_graph"]["merge"]
    assert json.dumps(JOINED.process) == before


def test_other_parameters_of_a_process_stay_when_it_is_filled() -> None:
    part = Part("a", "terra", ("a",), {**process(a=load()), "parameters": [{"name": "bbox"}]})
    assert filled(part, {})["parameters"] == [{"name": "bbox"}]


def test_an_address_that_is_lacking_is_named() -> None:
    with pytest.raises(ValueError, match="part 'part3' needs the addresses of part2"):
        filled(JOINED, {"part1": "https://t/1?sig=a", "part2": ""})


@pytest.mark.parametrize(
    ("size", "words"),
    [
        (None, "of a size that is not known"),
        (0, "about 0 bytes"),
        (999, "about 999 bytes"),
        (12_345_678, "about 12.3 MB"),
        (999_700, "about 1 MB"),
        (5 * 10**18, "about 5e+03 PB"),
    ],
)
def test_sizes_in_words(size: int | None, words: str) -> None:
    assert amount(size) == words


def test_the_result_is_that_of_the_last_part_or_of_all_ends() -> None:
    assert PLAN.resulting == ("part3",)
    tiles = Plan((OPTICAL, RADAR), ends=("part1", "part2"))
    assert tiles.resulting == ("part1", "part2")
    assert plan_from_json(json.loads(json.dumps(tiles.as_json()))) == tiles


@pytest.mark.parametrize("ends", [("part4",), ("part1", "part3")], ids=["no part", "read by one"])
def test_an_end_that_is_none_is_refused(ends: tuple[str, ...]) -> None:
    with pytest.raises(ValueError, match="ends"):
        Plan(PLAN.parts, PLAN.exchanges, ends)


def test_a_plan_can_stand_beside_others_under_other_names() -> None:
    found = renamed(PLAN, "tile7.", "tile x1y2")
    assert [part.id for part in found.parts] == ["tile7.part1", "tile7.part2", "tile7.part3"]
    assert found.last.needs == ("tile7.part1", "tile7.part2")
    assert [part.why for part in found.parts] == [
        "tile x1y2; has collection 'S2', which no other backend has",
        "tile x1y2",
        "tile x1y2",
    ]
    graph = filled(found.last, {"tile7.part1": "https://t/1", "tile7.part2": "https://a/2"})
    assert graph["process_graph"]["radar"]["arguments"]["url"] == "https://a/2"
    assert [e.producer for e in found.exchanges] == ["tile7.part1", "tile7.part2"]
    assert PLAN.last.process["process_graph"]["ndvi"]["arguments"]["url"] == "federation:part:part1"
