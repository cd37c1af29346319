from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.routing import abilities_of
from aggregator.routing.extents import Box, Interval
from tests.unit.routing.documents import backend


def test_a_backends_documents_become_abilities() -> None:
    here = abilities_of(
        "aurora",
        online=False,
        capabilities={
            "api_version": "1.2.0",
            "conformsTo": ["https://api.openeo.org/1.2.0", 3],
            "endpoints": [{"path": "/jobs/{job_id}", "methods": ["GET", "DELETE"]}],
        },
        collections=[
            {
                "id": "S2",
                "extent": {
                    "spatial": {"bbox": [[1, 2, 3, 4]]},
                    "temporal": {"interval": [["1970-01-01", None]]},
                },
                "cube:dimensions": {
                    "spectral": {"type": "bands", "values": ["B04", 8]},
                    "t": {"type": "temporal", "values": ["2024-01-01"]},
                    "odd": 3,
                },
            }
        ],
        processes=[{"id": "ndvi", "parameters": [{"name": "data"}]}, {"id": "odd"}],
        file_formats={"input": {"GeoJSON": {}}, "output": {"GTiff": {}}},
        udf_runtimes={"Python": {"versions": {"3.11": {}}}},
        service_types={"XYZ": {}},
    )
    assert (here.backend, here.online) == ("aurora", False)
    assert here.conformance == frozenset({"https://api.openeo.org/1.2.0"})
    assert set(here.endpoints or ()) == {"GET /jobs/{}", "DELETE /jobs/{}"}
    assert here.collections is not None
    found = here.collections["S2"]
    assert (found.id, found.boxes) == ("S2", (Box(1, 2, 3, 4),))
    assert found.bands == frozenset({"B04"})
    assert found.intervals == (Interval(0, float("inf")),)
    assert here.processes == {"ndvi": frozenset({"data"}), "odd": None}
    assert here.output_formats == {"gtiff": "GTiff"}
    assert here.input_formats == {"geojson": "GeoJSON"}
    assert here.udf_runtimes == {"python": ("3.11",)}
    assert here.service_types == {"xyz": "XYZ"}


@pytest.mark.parametrize("place", ["summaries", "document"])
@pytest.mark.parametrize("key", ["bands", "eo:bands", "raster:bands", "sar:bands"])
def test_bands_are_known_by_all_their_names_wherever_they_are_described(
    place: str, key: str
) -> None:
    bands = [
        {"name": "B04", "common_name": "red"},
        {"eo:common_name": "nir", "name": 8},
        {"description": "nameless"},
    ]
    described: dict[str, Any] = {key: bands} if place == "document" else {"summaries": {key: bands}}
    here = backend(collections=[{"id": "S2", **described}])
    assert here.collections is not None
    assert here.collections["S2"].bands == frozenset({"B04", "red", "nir"})


def test_runtimes_have_versions_or_tags_and_plans_names() -> None:
    image = {"tags": ["latest", 3], "versions": {"1": {}}}
    here = abilities_of(
        "terra",
        capabilities={"billing": {"plans": [{"name": "Free"}, {"name": ""}, {}]}},
        udf_runtimes={"Image": image, "R": {"versions": {"4": {}}}, "odd": 3},
        file_formats={"output": []},
    )
    assert here.udf_runtimes == {"image": ("latest",), "r": ("4",), "odd": ()}
    assert here.plans == {"free": "Free"}
    assert here.output_formats is None
    assert list(abilities_of("terra").own_ids) == []
    assert not abilities_of("terra").process_ids


def test_a_collection_is_reachable_under_its_federated_ids() -> None:
    names = {"SENTINEL2": "s2-own", "s2-own": "s2-own", "GONE": "not-there"}
    here = backend(collections=["s2-own", "other"], collection_names=names)
    assert here.collections is not None
    assert {name: found.id for name, found in here.collections.items()} == {
        "SENTINEL2": "s2-own",
        "s2-own": "s2-own",
    }
    assert here.own_ids == {"SENTINEL2": "s2-own"}


def test_what_is_not_allowed_is_not_there() -> None:
    here = backend(
        collections=["S1", "S2"],
        processes=["ndvi", "mean"],
        allowed=lambda kind, identifier: (
            (kind, identifier)
            not in {
                ("collection", "S1"),
                ("process", "mean"),
            }
        ),
    )
    assert set(here.collections or ()) == {"S2"}
    assert set(here.processes or ()) == {"ndvi"}


def test_a_copy_with_another_status_shares_the_index() -> None:
    here = backend()
    signs = here.signs
    assert replace(here, online=False).signs is signs


def test_what_was_never_seen_is_not_known() -> None:
    here = abilities_of("terra")
    assert here.collections is None
    assert here.processes is None
    assert here.output_formats is None
    assert here.udf_runtimes is None
    assert here.service_types is None
    assert here.endpoints is None


KEYS = [
    *("id", "extent", "spatial", "bbox", "temporal", "interval", "summaries", "bands"),
    *("cube:dimensions", "parameters", "name", "output", "versions", "endpoints", "path"),
]
ODD = st.recursive(
    st.none() | st.integers() | st.text(max_size=2),
    lambda inner: (
        st.lists(inner, max_size=2)
        | st.dictionaries(
            st.sampled_from(KEYS),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)
OBJECTS = st.dictionaries(
    st.sampled_from(["id", "extent", "summaries", "parameters", "output", "returns", "schema"]), ODD
)


@given(OBJECTS, st.lists(OBJECTS, max_size=3))
def test_no_document_of_a_backend_breaks_its_abilities(one: Any, many: Any) -> None:
    abilities_of(
        "terra",
        capabilities=one,
        collections=many,
        processes=many,
        file_formats=one,
        udf_runtimes=one,
        service_types=one,
    )


@pytest.mark.parametrize("odd", [{"id": ""}, {"id": 3}, {}])
def test_a_resource_without_an_id_is_passed_over(odd: dict[str, Any]) -> None:
    here = backend(collections=[odd, "S2"], processes=[odd, "ndvi"])
    assert set(here.collections or ()) == {"S2"}
    assert set(here.processes or ()) == {"ndvi"}


def test_the_types_of_data_that_formats_are_for_are_known_where_they_are_told() -> None:
    here = backend(
        file_formats={
            "input": {"netCDF": {"gis_data_types": ["raster"]}},
            "output": {"GeoJSON": {"gis_data_types": ["vector"]}, "JSON": {}},
        }
    )
    assert here.input_types == {"netcdf": frozenset({"raster"})}
    assert here.output_types == {"geojson": frozenset({"vector"}), "json": frozenset()}


def test_what_processes_return_is_known_where_they_tell_it() -> None:
    cube = {"schema": {"type": "object", "subtype": "raster-cube"}}
    here = backend(processes=[{"id": "a", "returns": cube}, {"id": "b"}])
    assert here.processes is not None
    assert here.processes.returned == {"a": "raster"}
