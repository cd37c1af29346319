"""A cube that one backend saves as the results of a job is the same where another one loads it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import xarray as xr

from backends.cube_form import FORM, GEOMETRY, TYPE, restored
from backends.errors import OpenEOError
from tests.fakes.exchange import Producer, difference, loaded
from tests.fakes.execution import Execution, by, callback, of

DIMS = ("t", "bands", "y", "x")
DATES = ["2024-01-01", "2024-01-05", "2024-02-29"]
FIRST = {"t": DATES, "bands": ["B08", "B04"], "kind": [0, 1]}


@pytest.fixture(scope="module")
def producer(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Producer]:
    made = Producer(tmp_path_factory.mktemp("exchange") / "data")
    yield made
    made.close()


def cube(
    dims: tuple[str, ...] = DIMS, dtype: str = "float32", crs: str = "EPSG:32633", **labels: Any
) -> xr.DataArray:
    """A cube of random values, no-data and infinities, with these labels."""
    coords: dict[str, Any] = {
        "y": 5_200_000 - 5 - 10.0 * np.arange(5),
        "x": 500_000 + 5 + 10.0 * np.arange(4),
        **FIRST,
        **labels,
    }
    coords = {name: np.asarray(coords[name]) for name in dims}
    if "t" in dims and not str(coords["t"][0]).endswith("djf"):
        coords["t"] = coords["t"].astype("datetime64[ns]")
    shape = tuple(len(coords[name]) for name in dims)
    made = xr.DataArray(
        _values(shape, np.dtype(dtype)),
        dims=dims,
        coords=coords,
        attrs={"product": "sentinel2_l2a"},
    )
    located: xr.DataArray = made.rio.write_crs(crs)
    return located


def _values(shape: tuple[int, ...], dtype: np.dtype[Any]) -> Any:
    chance = np.random.default_rng(1)
    if dtype.kind == "f":
        values = chance.normal(size=shape).astype(dtype)
        values.flat[:4] = [np.nan, np.inf, -np.inf, -0.0][: values.size]
        return values
    if dtype.kind == "b":
        return chance.random(shape) > 0.5
    limits = np.iinfo(dtype)
    values = chance.integers(limits.min, limits.max, shape, dtype, endpoint=True)
    values.flat[:2] = [limits.min, limits.max]
    return values


USUAL = {
    "as collections load": cube(),
    "one date": cube(t=["2024-01-01"]),
    "one band": cube(bands=["VV"]),
    "one row": cube(y=[5_000_000.0]),
    "one pixel": cube(x=[500_000.0], y=[5_000_000.0]),
    "moments": cube(t=["2024-01-01T10:20:30", "2024-01-01T10:20:31", "2024-03-01"]),
    "dates before 1970": cube(t=["1969-07-20", "1980-01-01", "2024-03-01"]),
    "bands in their own order": cube(bands=["z", "a", "M"]),
    "names that no variable has": cube(bands=["B1 é/x", "2", "B1_é_x"]),
    "a CRS without a code": cube(crs="+proj=laea +lat_0=52 +lon_0=10 +ellps=GRS80 +units=m"),
}
OTHER = {
    "no time": (cube(DIMS[1:]), "dimensions ('t', 'bands', 'y', 'x')"),
    "no bands": (cube(("t", "y", "x")), "dimensions ('t', 'bands', 'y', 'x')"),
    "only pixels": (cube(("y", "x")), "dimensions ('t', 'bands', 'y', 'x')"),
    "another order": (cube(("x", "y", "bands", "t")), "dimensions ('t', 'bands', 'y', 'x')"),
    "one more dimension": (cube((*DIMS, "kind")), "dimensions ('t', 'bands', 'y', 'x')"),
    "split seconds": (cube(t=[f"{DATES[0]}T10:20:30.5", *DATES[1:]]), "labels of t"),
    "dates not sorted": (cube(t=DATES[::-1]), "labels of t"),
    "labels that are no dates": (cube(t=["2024-djf", "2024-mam"]), "labels of t"),
    "rows from the south": (cube(y=5_200_000 + 10.0 * np.arange(5)), "labels of y"),
    "columns from the east": (cube(x=500_000 - 10.0 * np.arange(4)), "labels of x"),
    "degrees": (
        cube(crs="EPSG:4326", y=50 - 1 / 3 - 0.0001 * np.arange(5), x=10 + 0.1 * np.arange(4)),
        "labels of y",
    ),
    "float64": (cube(dtype="float64"), "type float32"),
    "bool": (cube(dtype="bool"), "type float32"),
    **{
        name: (cube(dtype=name), "type float32")
        for name in ("uint8", "int16", "uint32", "int64", "uint64")
    },
}


@pytest.mark.parametrize("name", [*USUAL, *OTHER])
def test_netcdf_keeps_every_cube_exactly(producer: Producer, name: str) -> None:
    left = USUAL.get(name)
    left = OTHER[name][0] if left is None else left
    arrived = loaded(producer, producer.results_of(left, "netCDF"))
    assert not difference(left, arrived)
    assert arrived.attrs == left.attrs


@pytest.mark.parametrize("form", ["netCDF", "GTiff"])
def test_results_of_more_than_can_be_loaded_are_refused_with_the_limit(
    producer: Producer, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    url = producer.results_of(USUAL["as collections load"], form)
    monkeypatch.setattr("backends.processes.copies.MAX_COPIED", 100)
    with pytest.raises(OpenEOError) as caught:
        loaded(producer, url)
    assert caught.value.code == "FileSizeExceeded"
    assert "more than 100 bytes in all, which is the most that one job" in str(caught.value)


@pytest.mark.parametrize("name", USUAL)
def test_geotiff_keeps_cubes_of_float32_on_projected_grids(producer: Producer, name: str) -> None:
    left = USUAL[name]
    arrived = loaded(producer, producer.results_of(left, "GTiff"))
    assert not difference(left, arrived)


@pytest.mark.parametrize("name", OTHER)
def test_what_geotiff_does_not_keep(producer: Producer, name: str) -> None:
    left, changed = OTHER[name]
    arrived = loaded(producer, producer.results_of(left, "GTiff"))
    assert changed in difference(left, arrived)


def test_a_cube_without_crs_is_kept_by_netcdf(producer: Producer) -> None:
    left = cube().drop_vars("spatial_ref")
    arrived = loaded(producer, producer.results_of(left, "netCDF"))
    assert not difference(left, arrived)
    assert arrived.rio.crs is None


def test_bands_in_one_variable_are_kept_too(producer: Producer) -> None:
    left = cube()
    url = producer.results_of(left, "netCDF", {"bands_as_variables": False})
    assert not difference(left, loaded(producer, url))


def test_a_series_without_pixels_is_kept(producer: Producer) -> None:
    left = cube().max(("y", "x"))
    assert not difference(left, loaded(producer, producer.results_of(left, "netCDF")))


def test_numbers_as_labels_of_bands_stay_numbers(producer: Producer) -> None:
    left = cube(bands=[3, 1])
    arrived = loaded(producer, producer.results_of(left, "netCDF"))
    assert arrived.bands.values.tolist() == [3, 1]


def test_the_type_of_a_dimension_is_kept(producer: Producer) -> None:
    left = cube((*DIMS, "kind"))
    left.coords["kind"].attrs[TYPE] = "temporal"
    arrived = loaded(producer, producer.results_of(left, "netCDF"))
    assert arrived.kind.attrs == {TYPE: "temporal"}
    assert arrived.t.attrs == {}


def test_the_chunks_are_kept_as_sums_depend_on_them(producer: Producer) -> None:
    left = cube().chunk({"t": 2, "bands": 1, "y": (2, 3), "x": 4})
    url = producer.results_of(left, "netCDF")
    assert loaded(producer, url, lazy=True).chunks == left.chunks


def test_chunks_that_no_memory_holds_are_not_believed() -> None:
    huge = xr.Dataset({"data": (("y", "x"), np.zeros((8, 8), "float32"))}).chunk({"y": 1})
    form = (
        '{"dims": ["y", "x"], "bands": null, "variables": [], "labels": null, "types": {}, '
        '"crs": null, "spatial_ref": null, "attributes": {}, "chunks": [[8], [99999999999]]}'
    )
    found = restored(huge.assign_attrs({FORM: form}))
    assert found is not None
    assert found.chunks == ((1,) * 8, (8,))


@pytest.mark.parametrize("form", ["", "[]", "{}", '{"dims": ["t"], "bands": null}', "no JSON"])
def test_a_form_that_is_none_makes_the_file_unreadable(form: str) -> None:
    dataset = xr.Dataset({"data": (("y", "x"), np.zeros((8, 8)))}, attrs={FORM: form})
    with pytest.raises(ValueError):
        restored(dataset)


def test_the_results_say_what_the_cube_is(producer: Producer) -> None:
    url = producer.results_of(cube(("bands", "t", "y", "x"), "int16"), "netCDF")
    document = json.loads(producer.fetch(url))
    (asset,) = document["assets"].values()
    assert asset["cube:dimensions"] == {
        "bands": {"type": "bands", "values": ["B08", "B04"]},
        "t": {
            "type": "temporal",
            "extent": ["2024-01-01T00:00:00Z", "2024-02-29T00:00:00Z"],
            "values": DATES,
        },
        "y": {
            "type": "spatial",
            "axis": "y",
            "extent": [5199955.0, 5199995.0],
            "reference_system": 32633,
        },
        "x": {
            "type": "spatial",
            "axis": "x",
            "extent": [500005.0, 500035.0],
            "reference_system": 32633,
        },
    }
    assert asset["raster:bands"] == [{"data_type": "int16"}] * 2
    assert any("/datacube/" in url for url in document["stac_extensions"])


ZONES = {
    "type": "FeatureCollection",
    "features": [
        {
            "type": "Feature",
            "id": f"zone-{number}",
            "properties": {"name": f"Zone {number}", "size": number + 0.5, "zone/kind": None},
            "geometry": {
                "type": "Polygon",
                "coordinates": [[[15, 46], [16 / 3 + 10, 46], [15, 47.1 + number / 7], [15, 46]]],
            },
        }
        for number in range(2)
    ],
}


def zonal(left: xr.DataArray) -> xr.DataArray:
    """The mean of each zone."""
    found = Execution({"cube": left}).run(
        {
            "load": {
                "process_id": "load_collection",
                "arguments": {"id": "cube", "spatial_extent": None, "temporal_extent": None},
            },
            "zones": {
                "process_id": "aggregate_spatial",
                "arguments": {
                    "data": by("load"),
                    "geometries": ZONES,
                    "reducer": callback("mean", data=of("data")),
                },
                "result": True,
            },
        }
    )
    assert isinstance(found, xr.DataArray)
    return found


def test_statistics_of_zones_are_kept_by_netcdf_with_their_geometries(producer: Producer) -> None:
    left = zonal(cube())
    arrived = loaded(producer, producer.results_of(left, "netCDF"))
    assert not difference(left, arrived)
    assert arrived.geometries.values.tolist() == ["zone-0", "zone-1"]
    assert arrived["name"].values.tolist() == ["Zone 0", "Zone 1"]
    assert arrived["size"].values.tolist() == [0.5, 1.5]
    assert arrived["zone_kind"].values.tolist() == ["", ""]
    for before, after in zip(left[GEOMETRY].values, arrived[GEOMETRY].values, strict=True):
        assert before.wkb == after.wkb
    assert arrived[GEOMETRY].attrs == {"crs": "EPSG:32633"}
    assert arrived.geometries.attrs == {TYPE: "geometries"}
