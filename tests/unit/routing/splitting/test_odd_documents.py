"""Whatever stands in arguments and in the documents of backends, splitting answers."""

from __future__ import annotations

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.routing import Plan
from aggregator.routing.splitting import Unsplittable, facts_of, split
from aggregator.routing.splitting.cubes import Cube
from aggregator.routing.splitting.effects import EFFECTS
from aggregator.routing.splitting.loading import Call
from tests.unit.routing.documents import load, node, process, ref
from tests.unit.routing.splitting.members import BOX, collection, member

WORDS = st.sampled_from(
    ["x", "y", "t", "bands", "B04", "month", "2024-01-01", "P5D", "spatial", "EPSG:32632", ""]
)
NUMBERS = st.one_of(st.integers(-(10**20), 10**20), st.floats(), st.booleans(), st.none())
KEYS = ["type", "west", "south", "east", "north", "crs", "coordinates", "features", "axis", "step"]
ODD = st.recursive(
    st.one_of(WORDS, NUMBERS),
    lambda inner: (
        st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=5)
    ),
    max_leaves=10,
)
ARGUMENTS = [
    *("id", "bands", "spatial_extent", "temporal_extent", "extent", "dimension", "target"),
    *("target_dimension", "resolution", "projection", "period", "intervals", "geometries"),
    *("size", "name", "type", "source", "target_band", "wavelengths", "mask"),
]
CUBES = st.builds(
    Cube,
    st.sampled_from(["raster", "vector", "other", "unknown"]),
    st.none() | st.dictionaries(st.sampled_from(["x", "t"]), WORDS),
    bands=st.none() | st.integers(0, 20),
)


@settings(max_examples=150)
@given(
    st.sampled_from(sorted(EFFECTS)),
    st.dictionaries(st.sampled_from(ARGUMENTS), ODD),
    st.dictionaries(st.sampled_from(["data", "cube1", "cube2", "target"]), CUBES),
    st.dictionaries(st.sampled_from(["cube:dimensions", "extent", "summaries", "bands"]), ODD),
)
def test_every_effect_takes_any_arguments(
    name: str, arguments: Any, cubes: Any, document: Any
) -> None:
    found = EFFECTS[name](Call(arguments, cubes, facts_of(document)))
    assert found.size is None or found.size >= 0


@settings(max_examples=60)
@given(
    st.dictionaries(st.sampled_from(["x", "y", "t", "bands"]), ODD),
    st.dictionaries(st.sampled_from(ARGUMENTS), ODD),
)
def test_a_plan_is_found_whatever_the_collections_say(dimensions: Any, arguments: Any) -> None:
    document = {**collection("S2"), "cube:dimensions": dimensions}
    facts = {"S2": {"terra": facts_of(document)}}
    graph = process(
        optical=load("S2", spatial_extent=BOX),
        changed=node("apply", data=ref("optical"), process=arguments),
        radar=load("S1"),
        both=node("merge_cubes", cube1=ref("changed"), cube2=ref("radar")),
    )
    found = split(graph, [member("terra", "S2"), member("aurora", "S1")], facts=facts)
    assert isinstance(found, Plan | Unsplittable)
    assert found.explain()
