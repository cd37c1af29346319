"""A process over a large area becomes the same process on tiles, or says why it cannot."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as some

from aggregator.errors import ProcessGraphInvalid
from aggregator.routing.reading import read_requirements
from aggregator.routing.tiling import Grid, Tiling, Untileable, tiled
from aggregator.routing.tiling.locality import ALONG, LOADS, LOCAL, WHOLE
from tests.unit.routing.documents import load, node, process, ref

AREA = {"west": 10.9, "south": 46.35, "east": 11.1, "north": 46.42}
GRID = Grid(0.1, pixel=0.001)
KERNEL = [[0, 1, 0], [1, -4, 1], [0, 1, 0]]


def callback(process_id: str, **arguments: Any) -> dict[str, Any]:
    given = {"data": {"from_parameter": "data"}, **arguments}
    return {"process_graph": {"c": {**node(process_id, **given), "result": True}}}


def chain(*steps: dict[str, Any], area: Any = AREA) -> dict[str, Any]:
    """A process that loads the area, takes these steps, and saves."""
    nodes = {"load": load(spatial_extent=area)}
    last = "load"
    for number, step in enumerate(steps):
        name = f"step{number}"
        nodes[name] = {**step, "arguments": {"data": ref(last), **step["arguments"]}}
        last = name
    nodes["save"] = node("save_result", data=ref(last), format="GTiff")
    return process(**nodes)


def parts(whole: dict[str, Any], by: Any = GRID, **options: Any) -> Tiling:
    found = tiled(whole, by, **options)
    assert isinstance(found, Tiling), found
    return found


def reasons(whole: dict[str, Any], by: Any = GRID, **options: Any) -> str:
    found = tiled(whole, by, **options)
    assert isinstance(found, Untileable), found
    assert all(obstacle.text in found.sentence() for obstacle in found.obstacles[:5])
    return found.sentence()


def test_each_tile_gets_the_whole_process_with_its_own_extent() -> None:
    whole = chain(node("reduce_dimension", dimension="t", reducer=callback("median")))
    before = deepcopy(whole)
    tiling = parts(whole)
    assert tiling.explain() == "The area is divided into 4 parts."
    made = tiling.process(tiling.tiles[1])
    expected = deepcopy(whole)
    expected["process_graph"]["load"]["arguments"]["spatial_extent"] = {
        "west": 11.0,
        "south": 46.35,
        "east": 11.1,
        "north": 46.4,
    }
    assert made == expected
    assert whole == before


def test_all_that_loads_the_area_gets_the_tile_and_so_does_what_cuts_it() -> None:
    whole = process(
        a=load("S2", spatial_extent=AREA),
        b=load("S1"),
        c=node("load_stac", url="https://a.example/c"),
        cut=node("filter_bbox", data=ref("b"), extent=AREA),
        both=node("merge_cubes", cube1=ref("a"), cube2=ref("cut")),
        all=node("merge_cubes", cube1=ref("both"), cube2=ref("c")),
        save=node("save_result", data=ref("all"), format="GTiff"),
    )
    tiling = parts(whole)
    tile = tiling.tiles[0]
    graph = tiling.process(tile)["process_graph"]
    assert graph["cut"]["arguments"]["extent"] == tile.extent
    for name in "abc":
        assert graph[name]["arguments"]["spatial_extent"] == tile.extent
    assert graph["a"]["arguments"]["id"] == "S2"


def test_the_area_may_be_the_default_of_a_parameter() -> None:
    whole = chain(area={"from_parameter": "area"})
    whole["parameters"] = [{"name": "area", "default": AREA}]
    assert len(parts(whole).tiles) == 4
    whole["parameters"] = [{"name": "area"}]
    assert "'load' is known only when it runs" in reasons(whole)


def test_what_looks_at_neighbours_gets_a_margin_that_is_cut_off_in_the_end() -> None:
    tiling = parts(chain(node("apply_kernel", kernel=KERNEL), node("apply_kernel", kernel=KERNEL)))
    assert tiling.explain() == (
        "The area is divided into 4 parts, each loaded with a margin of 2 pixels."
    )
    tile = tiling.tiles[0]
    assert tile.extent["east"] == 11.0
    assert tile.loaded["east"] == 11.002
    assert tile.loaded["west"] == tile.extent["west"] == 10.9
    graph = tiling.process(tile)["process_graph"]
    assert graph["load"]["arguments"]["spatial_extent"] == tile.loaded
    cut = node("filter_bbox", data=ref("step1"), extent=tile.extent)
    assert graph["federation_tile"] == cut
    assert graph["save"]["arguments"]["data"] == ref("federation_tile")


def test_without_save_result_the_result_itself_is_cut() -> None:
    whole = process(
        load=load(spatial_extent=AREA),
        federation_tile=node("apply_kernel", data=ref("load"), kernel=KERNEL),
    )
    tiling = parts(whole)
    graph = tiling.process(tiling.tiles[0])["process_graph"]
    assert graph["federation_tile_2"]["result"] is True
    assert graph["federation_tile_2"]["arguments"]["data"] == ref("federation_tile")
    assert "result" not in graph["federation_tile"]


def test_all_that_is_saved_is_cut() -> None:
    whole = chain(node("apply_kernel", kernel=KERNEL))
    whole["process_graph"]["also"] = node("save_result", data=ref("load"), format="netCDF")
    tiling = parts(whole)
    graph = tiling.process(tiling.tiles[0])["process_graph"]
    saved = {graph[name]["arguments"]["data"]["from_node"] for name in ("save", "also")}
    assert saved == {"federation_tile", "federation_tile_2"}


def test_a_margin_needs_the_size_of_a_pixel() -> None:
    whole = chain(node("apply_kernel", kernel=KERNEL))
    assert "whose size of a pixel is not known have no margin" in reasons(whole, Grid(0.1))


@pytest.mark.parametrize("name", sorted(WHOLE))
def test_what_depends_on_the_whole_area_is_refused_and_told_why(name: str) -> None:
    assert f"'step0' is {name}: {WHOLE[name]}" in reasons(chain(node(name)))


@pytest.mark.parametrize(
    ("step", "said"),
    [
        (node("reduce_dimension", dimension="x"), "'step0' works along 'x', over the whole area"),
        (node("reduce_dimension", dimension="LAT"), "works along 'LAT'"),
        (node("apply_dimension", dimension="t", target_dimension="y"), "works along 'y'"),
        (node("reduce_dimension", dimension={"from_parameter": "d"}), "known only when it runs"),
        (node("my_own_process"), "'step0' is my_own_process, of which is not known how far"),
        (node("ndvi", namespace="user"), "'step0' is ndvi, of which is not known how far"),
        (node("apply_kernel", kernel={"from_parameter": "k"}), "kernel of 'step0' is known only"),
        (node("apply_kernel", kernel=[]), "kernel of 'step0' is known only"),
        (node("apply_kernel", kernel=[[1], 2]), "kernel of 'step0' is known only"),
        (
            node("apply_neighborhood", size=[{"dimension": "x", "value": 128}]),
            "its chunks are counted from the corner",
        ),
        (node("apply_neighborhood"), "its chunks are counted from the corner"),
    ],
)
def test_what_reaches_too_far_or_is_not_known_is_refused(step: dict[str, Any], said: str) -> None:
    assert said in reasons(chain(step))


def test_chunks_in_time_alone_are_no_obstacle() -> None:
    sizes = [{"dimension": "t", "value": "P1M"}, {"dimension": "x", "value": 1, "unit": "px"}]
    assert parts(chain(node("apply_neighborhood", size=sizes))).margin == 0


@pytest.mark.parametrize(
    "reducer",
    [
        callback("count", condition=True),
        callback("array_element", index=0),
        callback("mean", ignore_nodata=False),
        callback("order"),
    ],
)
def test_what_depends_on_dates_without_data_is_refused_over_time_but_not_over_bands(
    reducer: dict[str, Any],
) -> None:
    step = node("reduce_dimension", dimension="t", reducer=reducer)
    assert "depends on which dates there are" in reasons(chain(step))
    parts(chain(node("reduce_dimension", dimension="bands", reducer=reducer)))


def test_resampling_is_divided_only_if_it_need_not_be_exact() -> None:
    whole = chain(node("resample_cube_spatial", target=ref("load")))
    assert "'step0' is resample_cube_spatial: positions between pixels" in reasons(whole)
    tiling = parts(whole, exact=False)
    assert tiling.margin == 2
    assert tiling.explain().endswith(
        "with a margin of 2 pixels; what 'step0' resamples may differ a little from the whole."
    )


def test_all_obstacles_are_told_at_once() -> None:
    said = reasons(chain(node("reduce_spatial"), node("trim_cube")))
    assert "'step0' is reduce_spatial" in said
    assert "'step1' is trim_cube" in said
    assert "more reasons" not in said


def test_an_error_has_the_first_reasons_and_counts_the_others() -> None:
    said = reasons(chain(*[node("trim_cube")] * 7))
    assert "'step4' is trim_cube" in said and "'step5'" not in said
    assert said.endswith("; and 2 more reasons.")
    assert reasons(chain(*[node("trim_cube")] * 6)).endswith("; and 1 more reason.")
    assert "more reason" not in reasons(chain(*[node("trim_cube")] * 5))


@pytest.mark.parametrize(
    ("whole", "said"),
    [
        (chain(area=None), "names no area"),
        (process(a=node("constant", x=1)), "names no area"),
        (
            process(
                a=load(spatial_extent=AREA),
                b=load("S1", spatial_extent={**AREA, "east": 12}),
                c=node("merge_cubes", cube1=ref("a"), cube2=ref("b")),
            ),
            "'a' and 'b' name different areas",
        ),
        (chain(area={"type": "Polygon", "coordinates": []}), "must be a bounding box"),
        (chain(area=ref("x")), "is known only when it runs"),
    ],
)
def test_a_process_without_one_area_is_refused(whole: dict[str, Any], said: str) -> None:
    if "x" in str(whole["process_graph"].get("load", {}).get("arguments", {})):
        whole["process_graph"]["x"] = node("constant", x=1)
    assert said in reasons(whole)


def test_a_graph_that_is_not_valid_is_an_error_as_everywhere() -> None:
    with pytest.raises(ProcessGraphInvalid):
        tiled(process(a=load(spatial_extent=AREA), b=node("mask", data=ref("nowhere"))), GRID)


def feature(identifier: object, west: float, wide: float = 1.0) -> dict[str, Any]:
    ring = [[west, 0], [west + wide, 0], [west + wide, 1], [west, 0]]
    geometry = {"type": "Polygon", "coordinates": [ring]}
    return {"type": "Feature", "id": identifier, "properties": {}, "geometry": geometry}


def collection(*features: Any) -> dict[str, Any]:
    return {"type": "FeatureCollection", "features": [*features]}


def test_areas_of_a_vector_are_parts_by_themselves() -> None:
    tiling = parts(chain(), collection(feature("north", 1), feature(None, 5)))
    assert [(tile.id, tile.extent["west"]) for tile in tiling.tiles] == [("north", 1.0), ("2", 5.0)]
    graph = tiling.process(tiling.tiles[1])["process_graph"]
    assert graph["load"]["arguments"]["spatial_extent"] == {
        "west": 5.0,
        "south": 0.0,
        "east": 6.0,
        "north": 1.0,
    }


@pytest.mark.parametrize(
    ("vector", "said"),
    [
        ({"type": "Polygon"}, "must be a GeoJSON FeatureCollection"),
        (collection(), "must be a GeoJSON FeatureCollection"),
        (collection(feature("a", 1), feature("a", 3)), "two areas have the same id"),
        (collection(feature("a", 1), None), "area number 2 is no polygon"),
        (collection(feature("a", 1, 0.0)), "area number 1 is no polygon in degrees that has"),
        (collection({"geometry": {"type": "Point", "coordinates": [1, 2]}}), "is no polygon"),
        (collection(*[feature(n, n) for n in range(3)]), "there are 3 areas, and 2 is the most"),
    ],
)
def test_a_vector_that_is_no_areas_is_refused(vector: dict[str, Any], said: str) -> None:
    assert said in reasons(chain(), vector, most=2)


def test_areas_have_no_margin() -> None:
    whole = chain(node("apply_kernel", kernel=KERNEL))
    assert "areas of a vector have no margin" in reasons(whole, collection(feature("a", 1)))


def test_no_process_is_both_local_and_not() -> None:
    kinds = [LOCAL, ALONG, LOADS, frozenset(WHOLE)]
    assert sum(map(len, kinds)) == len(frozenset().union(*kinds))


STEPS = some.lists(
    some.sampled_from(
        [
            node("ndvi"),
            node("apply", process=callback("linear_scale_range")),
            node("reduce_dimension", dimension="t", reducer=callback("median")),
            node("apply_kernel", kernel=KERNEL),
            node("filter_bbox", extent=AREA),
        ]
    ),
    max_size=6,
)


@given(STEPS)
def test_the_process_of_a_tile_is_valid_and_needs_what_the_whole_needs(
    steps: list[dict[str, Any]],
) -> None:
    whole = chain(*steps)
    tiling = parts(whole)
    for tile in tiling.tiles:
        made = read_requirements(tiling.process(tile))
        asked = read_requirements(whole)
        assert [need.id for need in made.collections] == [need.id for need in asked.collections]
        added = {need.id for need in made.processes} - {need.id for need in asked.processes}
        assert added <= ({"filter_bbox"} if tiling.margin else set())


JSON = some.recursive(
    some.none()
    | some.booleans()
    | some.integers(-200, 200)
    | some.floats()
    | some.text(max_size=5),
    lambda inner: (
        some.lists(inner, max_size=4)
        | some.dictionaries(
            some.sampled_from(["west", "east", "crs", "type", "features", "id"]), inner
        )
    ),
    max_leaves=12,
)


@given(JSON, JSON, some.floats() | some.just(0.1))
def test_odd_documents_are_refused_and_never_raise(extent: Any, other: Any, size: float) -> None:
    area = extent if isinstance(extent, dict) and not {"from_node"} & extent.keys() else AREA
    whole = chain(node("apply_kernel", kernel=other), node("reduce_dimension", dimension=other))
    for by in (Grid(size), other if isinstance(other, dict) else {"features": other}):
        tiled(whole, by)
        tiled(chain(area=area), by)
