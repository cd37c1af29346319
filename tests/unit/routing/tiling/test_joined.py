"""Tiles joined are the whole, pixel by pixel, as a simulated backend computes both."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
import xarray as xr

from aggregator.routing.tiling import Grid, Tiling, tiled
from backends.environment import Environment
from backends.loading import LoadRequest
from tests.fakes.execution import Execution, by, callback, of
from tests.unit.backends.scenes.worlds import loaded

PRODUCTS = {"optical": "sentinel2_l2a", "radar": "sentinel1_grd"}
# Its edges lie on pixels of 10 m, and not on lines of the grids below.
AREA = {"west": 640_130, "south": 5_652_070, "east": 641_480, "north": 5_653_010, "crs": 32631}
KERNEL = [[1, 2, 1], [2, 4, 2], [1, 2, 1]]
DATES = ["2024-06-01", "2024-06-21"]


class Backend(Execution):
    """Loads what is asked for of the generated world."""

    def environment(self, **changes: Any) -> Environment:
        return super().environment(load_collection=self._of_world, **changes)

    def _of_world(self, identifier: str, request: LoadRequest) -> xr.DataArray:
        self.requests.append(request)
        return loaded(
            PRODUCTS[identifier],
            request.spatial_extent,
            temporal_extent=request.temporal_extent,
            bands=request.bands,
        )


def node(process_id: str, *, result: bool = False, **arguments: Any) -> dict[str, Any]:
    return {"process_id": process_id, "arguments": arguments, "result": result}


def load(identifier: str, bands: list[str], area: Mapping[str, Any]) -> dict[str, Any]:
    return node(
        "load_collection",
        id=identifier,
        bands=bands,
        spatial_extent=dict(area),
        temporal_extent=DATES,
    )


def graph(area: Mapping[str, Any], *, smoothed: bool) -> dict[str, Any]:
    """Clear optical data in the mean of some weeks, and radar with it, perhaps smoothed."""
    nodes = {
        "classes": load("optical", ["SCL"], area),
        "cloudy": node(
            "reduce_dimension",
            data=by("classes"),
            dimension="bands",
            reducer={
                "process_graph": {
                    "one": node("array_element", data=of("data"), index=0),
                    "high": node("gte", x=by("one"), y=8, result=True),
                }
            },
        ),
        "optical": load("optical", ["B04", "B08"], area),
        "clear": node("mask", data=by("optical"), mask=by("cloudy")),
        "mean": node(
            "reduce_dimension",
            data=by("clear"),
            dimension="t",
            reducer=callback("mean", data=of("data")),
        ),
        "radar": load("radar", ["VV"], area),
        "echo": node(
            "reduce_dimension",
            data=by("radar"),
            dimension="t",
            reducer=callback("max", data=of("data")),
        ),
        "both": node("merge_cubes", cube1=by("mean"), cube2=by("echo")),
        "smooth": node("apply_kernel", data=by("both"), kernel=KERNEL, factor=1 / 16),
        "save": node(
            "save_result", data=by("smooth" if smoothed else "both"), format="netCDF", result=True
        ),
    }
    return {name: content for name, content in nodes.items() if smoothed or name != "smooth"}


def computed(process: Mapping[str, Any]) -> xr.DataArray:
    found: xr.DataArray = Backend().run(process["process_graph"])
    return found


@pytest.fixture(scope="module", params=[False, True], ids=["pixel by pixel", "smoothed"])
def whole(request: pytest.FixtureRequest) -> tuple[dict[str, Any], xr.DataArray]:
    """The process over the whole area, and its result."""
    process = {"process_graph": graph(AREA, smoothed=request.param)}
    return process, computed(process)


@pytest.mark.parametrize("size", [500])
def test_tiles_joined_are_the_whole(whole: tuple[dict[str, Any], xr.DataArray], size: int) -> None:
    process, expected = whole
    tiling = tiled(process, Grid(size, "metres", 10))
    assert isinstance(tiling, Tiling)
    assert len(tiling.tiles) >= 9
    seen = xr.zeros_like(expected, dtype=int)
    joined = xr.full_like(expected, np.nan)
    for tile in tiling.tiles:
        part = computed(tiling.process(tile))
        place = {"x": part["x"], "y": part["y"]}
        seen.loc[place] += 1
        joined.loc[{**place, "bands": part["bands"]}] = part.transpose(*expected.dims)
    assert (seen == 1).all(), "each pixel in one tile"
    np.testing.assert_allclose(joined.values, expected.values, rtol=1e-5, equal_nan=True)
    assert np.isfinite(expected.values).mean() > 0.5
