"""Every method of the client's cubes runs at the federation, or is refused by its name."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from openeo.rest import OpenEoApiError
from openeo.rest.connection import Connection
from openeo.rest.datacube import DataCube
from openeo.rest.vectorcube import VectorCube

from tests.scenarios.conftest import Federation
from tests.scenarios.cube_methods import (
    AREAS,
    DAYS,
    FIELD,
    NOT_OFFERED,
    NOT_OFFERED_OF_VECTORS,
    RASTER,
    VECTOR,
)
from tests.scenarios.method_calls import missed, ran_whole, recorded

LEFT_OUT = {
    # They need a notebook with a map.
    "DataCube.preview",
    # Steps in the making of a process graph, which the other methods take.
    "DataCube.from_node",
    "DataCube.result_node",
    "DataCube.process_with_node",
    "VectorCube.from_node",
    "VectorCube.result_node",
    # Of the connection: `Connection.load_collection` and the like make cubes with them.
    "VectorCube.load_geojson",
    "VectorCube.load_url",
    "DataCube.load_stac",
    # As those of `DataCube`.
    "VectorCube.create_job",
    "VectorCube.execute_batch",
    "VectorCube.print_json",
    "VectorCube.to_json",
}


@pytest.fixture(scope="module")
def connection(federation: Federation) -> Connection:
    return federation.connect("bob")


@pytest.fixture(scope="module", autouse=True)
def called() -> Iterator[set[str]]:
    with recorded(DataCube, VectorCube) as names:
        yield names


def scenes(connection: Connection) -> Any:
    return connection.load_collection(
        "SENTINEL2_L2A", spatial_extent=FIELD, temporal_extent=DAYS, bands=["B04", "B08"]
    )


def values(cube: Any, folder: Path) -> Any:
    """What is computed: the values by variable, in memory."""
    file = folder / "cube.nc"
    cube.download(file, format="netCDF", validate=False)
    with xr.open_dataset(file, engine="h5netcdf") as opened:
        return opened.load().drop_vars("crs", errors="ignore")


@pytest.fixture(scope="module")
def source(connection: Connection, tmp_path_factory: pytest.TempPathFactory) -> Any:
    return values(scenes(connection), tmp_path_factory.mktemp("source")).astype("float64")


# What numpy makes of the source, for methods whose values are easily said.
EXPECTED: dict[str, Callable[[Any], Any]] = {
    "add": lambda s: s + 1,
    "filter_bands": lambda s: s[["B08"]],
    "linear_scale_range": lambda s: s.clip(0, 4000) * 255 / 4000,
    "ln": np.log,
    "max_time": lambda s: s.max("t"),
    "mean_time": lambda s: s.mean("t"),
    "median_time": lambda s: s.median("t"),
    "multiply": lambda s: s * 2,
    "reduce_dimension": lambda s: s.std("t", ddof=1),
    "subtract": lambda s: s - 1,
}


@pytest.mark.parametrize("method", RASTER)
def test_a_method_of_raster_cubes_is_valid_and_gives_values(
    connection: Connection, source: Any, method: str, tmp_path: Path
) -> None:
    cube = RASTER[method](scenes(connection))
    assert list(cube.validate()) == []
    found = values(cube, tmp_path)
    assert any(np.isfinite(found[name].to_numpy()).any() for name in found.data_vars)
    if method in EXPECTED:
        wanted = EXPECTED[method](source)
        assert set(found.data_vars) == set(wanted.data_vars)
        for name in wanted.data_vars:
            np.testing.assert_allclose(found[name], wanted[name], rtol=1e-4)


@pytest.mark.parametrize("method", VECTOR)
def test_a_method_of_vector_cubes_is_valid_and_gives_values(
    connection: Connection, method: str
) -> None:
    cube = VECTOR[method](connection.load_geojson(AREAS, properties=["height"]))
    assert list(cube.validate()) == []
    assert cube.execute()["data"] == [[7]]


@pytest.mark.parametrize("method", NOT_OFFERED)
def test_what_no_member_offers_is_refused_by_its_name(connection: Connection, method: str) -> None:
    use, process = NOT_OFFERED[method]
    errors = use(scenes(connection)).validate()
    assert {error["code"] for error in errors} == {"ProcessUnsupported"}
    assert any(f"no process '{process}'" in error["message"] for error in errors)


@pytest.mark.parametrize("method", NOT_OFFERED_OF_VECTORS)
def test_what_no_member_offers_for_vectors_is_refused_by_its_name(
    connection: Connection, method: str
) -> None:
    use, process = NOT_OFFERED_OF_VECTORS[method]
    cube = use(connection.load_geojson(AREAS, properties=["height"]), scenes(connection))
    (error,) = cube.validate()
    assert error["code"] == "ProcessUnsupported"
    assert f"no process '{process}'" in error["message"]


def test_an_order_of_bands_is_refused_for_vectors(connection: Connection) -> None:
    vectors = connection.load_geojson(AREAS, properties=["height"])
    with pytest.raises(OpenEoApiError) as refused:
        vectors.filter_bands(["height"]).execute()
    assert refused.value.code == "DimensionMissing"


def test_labels_of_a_dimension_come_as_a_list(connection: Connection) -> None:
    assert scenes(connection).dimension_labels("bands").execute() == ["B04", "B08"]


def test_a_cube_is_stored_and_served_and_run_as_a_batch_job(
    connection: Connection, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    red = scenes(connection).filter_bands(["B04"]).max_time()
    red.print_json()
    assert '"load_collection"' in capsys.readouterr().out
    assert connection.datacube_from_json(red.to_json()).flat_graph() == red.flat_graph()
    with pytest.warns(UserWarning, match="without parameters"):
        stored = red.save_user_defined_process("red_of_july", description="Red.")
    assert stored.describe()["description"] == "Red."
    found: Any = connection.datacube_from_process("red_of_july").execute()
    assert found["dims"] == ["bands", "y", "x"]
    stored.delete()
    service = red.process("save_result", data=red, format="PNG").tiled_viewing_service(
        "XYZ", title="Red"
    )
    assert service.describe_service()["title"] == "Red"
    service.delete_service()
    quick = {"max_poll_interval": 0.3, "connection_retry_interval": 1}
    waiting = red.create_job(title="Red, later", out_format="GTiff")
    assert waiting.status() == "created"
    waiting.delete()
    job = red.execute_batch(tmp_path / "red.tif", out_format="GTiff", title="Red", **quick)
    assert job.status() == "finished"
    assert (tmp_path / "red.tif").stat().st_size > 0
    job.delete()


def test_no_method_of_the_cubes_was_forgotten(
    called: set[str], request: pytest.FixtureRequest
) -> None:
    if not ran_whole(request):
        pytest.skip("only some tests of this module were chosen")
    assert missed([DataCube, VectorCube], called, LEFT_OUT) == set()
