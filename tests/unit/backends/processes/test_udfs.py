"""Users' code in process graphs: what it sees, and what becomes of what it gives."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cloudpickle  # type: ignore[import-untyped]  # it has no types
import numpy as np
import pytest

from backends.environment import Limits
from backends.errors import OpenEOError
from backends.processes.frames import Frame
from backends.processes.udfs import _Caller
from backends.udf.runner import Udf
from backends.udf.sandbox import is_confinable
from tests.fakes.execution import Execution, callback, cube_of, of, on_cube, value_of

pytestmark = pytest.mark.skipif(not is_confinable(), reason="the kernel has no Landlock")

CUBE = cube_of(
    np.arange(2 * 2 * 6 * 5).reshape(2, 2, 6, 5),
    t=["2024-01-01", "2024-01-11"],
    bands=["B04", "B08"],
)
CODE = """
import xarray
def apply_datacube(cube: xarray.DataArray, context: dict) -> xarray.DataArray:
    return {}
"""


def code(expression: str) -> str:
    return CODE.format(expression)


def udf(expression: str, data: str = "data", **more: Any) -> dict[str, Any]:
    return callback("run_udf", data=of(data), udf=code(expression), runtime="Python", **more)


def test_pixels_are_changed_with_all_labels_in_sight() -> None:
    expression = "cube * 2 + (list(cube.bands.values) == ['B04', 'B08'])"
    result = on_cube(CUBE, "apply", process=udf(expression, "x"))
    np.testing.assert_array_equal(result.values, CUBE.values * 2 + 1)
    assert result.dims == CUBE.dims
    assert result.rio.crs == CUBE.rio.crs


def test_the_context_of_the_callback_reaches_the_code() -> None:
    process = udf("cube + context['more']", "x", context=of("context"))
    result = on_cube(CUBE, "apply", process=process, context={"more": 5})
    np.testing.assert_array_equal(result.values, CUBE.values + 5)


def test_bands_are_reduced_by_name() -> None:
    reducer = udf("cube.sel(bands='B08') - cube.sel(bands='B04')")
    result = on_cube(CUBE, "reduce_dimension", dimension="bands", reducer=reducer)
    assert result.dims == ("t", "y", "x")
    assert (result.values == 30).all()


def test_a_reduced_dimension_may_be_left_with_one_label() -> None:
    result = on_cube(
        CUBE, "reduce_dimension", dimension="t", reducer=udf("cube.max('t', keepdims=True)")
    )
    np.testing.assert_array_equal(result.values, CUBE.values.max(axis=0))


def test_labels_that_the_code_gives_are_kept() -> None:
    expression = "xarray.concat([cube, cube.isel(bands=[0]).assign_coords(bands=['new'])], 'bands')"
    result = on_cube(CUBE, "apply_dimension", dimension="bands", process=udf(expression))
    assert result.bands.values.tolist() == ["B04", "B08", "new"]
    assert result.dims == CUBE.dims
    np.testing.assert_array_equal(result.sel(bands="new").values, CUBE.values[:, 0])


def test_windows_share_one_process_with_overlap() -> None:
    execution = Execution({"cube": CUBE})
    text = code("cube - cube.shape[-1]").replace(
        "    return", "    print(id(apply_datacube))\n    return"
    )
    graph = {
        "load": {
            "process_id": "load_collection",
            "arguments": {"id": "cube", "spatial_extent": None, "temporal_extent": None},
        },
        "windows": {
            "process_id": "apply_neighborhood",
            "arguments": {
                "data": {"from_node": "load"},
                "size": [{"dimension": name, "value": 3, "unit": "px"} for name in ("x", "y")],
                "overlap": [{"dimension": name, "value": 1, "unit": "px"} for name in ("x", "y")],
                "process": callback("run_udf", data=of("data"), udf=text, runtime="Python"),
            },
            "result": True,
        },
    }
    result = execution.run(graph)
    np.testing.assert_array_equal(result.values, CUBE.values - 5)
    seen = [text for level, text in execution.logs if text.startswith("UDF: ")]
    assert len(seen) > 3
    assert len(set(seen)) == 1


def test_polygons_are_handed_over_one_by_one() -> None:
    west, north = 500_000, 5_200_000
    ring = [(0, 0), (20, 0), (20, -20), (0, -20), (0, 0)]
    polygon = {
        "type": "Polygon",
        "coordinates": [[[west + x, north + y] for x, y in ring]],
        "crs": {"type": "name", "properties": {"name": "EPSG:32633"}},
    }
    result = on_cube(CUBE, "apply_polygon", polygons=polygon, process=udf("cube * 0 + cube.sum()"))
    assert (result.values[:, :, :2, :2] == CUBE.values[:, :, :2, :2].sum()).all()
    assert np.isnan(result.values[:, :, 2:]).all()


def test_lists_are_structured_data() -> None:
    text = (
        "from openeo.udf import StructuredData, UdfData\n"
        "def double(data: UdfData):\n"
        "    values = data.get_structured_data_list()[0].data\n"
        "    data.set_structured_data_list([StructuredData([2 * v for v in values])])\n"
    )
    assert value_of("run_udf", data=[1, 2.5], udf=text, runtime="python") == [2, 5.0]


def test_code_comes_from_the_web_and_from_the_users_files(tmp_path: Path) -> None:
    text = code("cube + 1")
    path = tmp_path / "own.py"
    path.write_text(text)
    for place in ("https://example.org/own.py", "own.py"):
        node = {
            "load": {
                "process_id": "load_collection",
                "arguments": {"id": "cube", "spatial_extent": None, "temporal_extent": None},
            },
            "udf": {
                "process_id": "run_udf",
                "arguments": {"data": {"from_node": "load"}, "udf": place, "runtime": "Python"},
                "result": True,
            },
        }
        result = Execution({"cube": CUBE}).run(
            node, fetch=lambda _url: text.encode(), user_file=lambda _path: path
        )
        np.testing.assert_array_equal(result.values, CUBE.values + 1)


@pytest.mark.parametrize(
    ("change", "code_"),
    [
        ({"runtime": "R"}, "InvalidRuntime"),
        ({"version": "2.7"}, "InvalidVersion"),
        ({"udf": code("cube.mean()")}, "DataCubePropertiesImmutable"),
        ({"udf": code("cube.isel(x=[0])")}, "DataCubePropertiesImmutable"),
        ({"udf": code("1 / 0")}, "ProcessParameterInvalid"),
        ({"udf": "missing.py"}, "FileNotFound"),
    ],
)
def test_mistakes_are_told(change: dict[str, Any], code_: str) -> None:
    arguments = {"data": of("x"), "udf": code("cube"), "runtime": "Python", **change}
    with pytest.raises(OpenEOError) as caught:
        on_cube(CUBE, "apply", process=callback("run_udf", **arguments))
    assert caught.value.code == code_


def test_code_that_fails_in_a_part_that_is_computed_later_is_told_with_its_node() -> None:
    graph = {
        "load": {
            "process_id": "load_collection",
            "arguments": {"id": "cube", "spatial_extent": None, "temporal_extent": None},
        },
        "halved": {
            "process_id": "apply",
            "arguments": {"data": {"from_node": "load"}, "process": udf("1 / 0", "x")},
        },
        "saved": {
            "process_id": "save_result",
            "arguments": {"data": {"from_node": "halved"}, "format": "netCDF"},
            "result": True,
        },
    }
    with pytest.raises(OpenEOError) as caught:
        Execution({"cube": CUBE}).run(graph)
    assert caught.value.code == "ProcessParameterInvalid"
    assert caught.value.message == (
        "The UDF failed: ZeroDivisionError: division by zero (line 4) "
        "(process 'run_udf' at node 'halved/run_udf')."
    )


def test_code_that_never_ends_is_ended() -> None:
    execution = Execution()
    graph = {
        "udf": {
            "process_id": "run_udf",
            "arguments": {"data": [1], "udf": "while True:\n    pass\n", "runtime": "Python"},
            "result": True,
        }
    }
    with pytest.raises(OpenEOError, match="longer than 1 seconds"):
        execution.run(graph, limits=Limits(udf_seconds=1))


def test_code_that_was_sent_to_another_machine_still_tells_its_node() -> None:
    caller = _Caller(Udf(code("1 / 0")), Execution().environment().log, "(process 'p' at node 'n')")
    sent = cloudpickle.loads(cloudpickle.dumps(caller))
    later = sent.on_field(CUBE.chunk().data, Frame(CUBE))
    with pytest.raises(OpenEOError, match=r"by zero \(line 4\) \(process 'p' at node 'n'\)\.$"):
        later.compute()
