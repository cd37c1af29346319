"""Parts of a computation at several backends give what one with everything gives, bit for bit."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from werkzeug.serving import make_server

from backends import scenes
from backends.loading import LoadRequest
from backends.processes.files import read_netcdf
from backends.profile import CollectionSpec
from scripts.federation.children import wait_until
from tests.fakes.backends import FakeBackend, Reply
from tests.fakes.exchange import difference
from tests.fakes.execution import by, callback, of
from tests.fakes.holdings import (
    COMPUTING,
    ELSEWHERE,
    HOLDINGS,
    WHOLE,
    Computing,
    holdings,
    load_part,
    saved,
)
from tests.fakes.servers import free_port

# Wider than one chunk of 512 pixels: sums depend on the chunks.
AREA = {"west": 7.0, "south": 51.0, "east": 7.09, "north": 51.02}
JUNE = ["2024-06-01", "2024-06-19"]
Graph = dict[str, Any]

pytestmark = COMPUTING


@pytest.fixture(scope="module")
def elsewhere() -> int:
    """The port of a server that is no backend, of which the backends may load."""
    return free_port()


@pytest.fixture(scope="module")
def backends(
    tmp_path_factory: pytest.TempPathFactory, elsewhere: int
) -> Iterator[dict[str, Computing]]:
    ports = {name: free_port() for name in (*HOLDINGS, WHOLE)} | {ELSEWHERE: elsewhere}
    with holdings(tmp_path_factory.mktemp("holdings"), ports) as made:
        yield made


def load(collection: str, *bands: str, period: list[str] | None = None) -> Graph:
    arguments = {
        "id": collection,
        "spatial_extent": AREA,
        "temporal_extent": period or JUNE,
        "bands": list(bands) or None,
    }
    return {"process_id": "load_collection", "arguments": arguments}


def node(process_id: str, **arguments: Any) -> Graph:
    return {"process_id": process_id, "arguments": arguments}


def over_time(data: str, process_id: str = "mean") -> Graph:
    reducer = callback(process_id, data=of("data"))
    return node("reduce_dimension", data=by(data), dimension="t", reducer=reducer)


ZONES = {
    "type": "FeatureCollection",
    "features": [
        {
            "type": "Feature",
            "id": name,
            "properties": {},
            "geometry": {
                "type": "Polygon",
                "coordinates": [[[w, 51.005], [w + 0.031, 51.01], [w + 0.01, 51.018], [w, 51.005]]],
            },
        }
        for name, w in (("west", 7.01), ("east", 7.0433))
    ],
}


def zonal(data: str, process_id: str = "mean") -> Graph:
    reducer = callback(process_id, data=of("data"))
    return node("aggregate_spatial", data=by(data), geometries=ZONES, reducer=reducer)


OPTICAL = load("SENTINEL2_L2A", "B04", "B08")
RADAR = load("SENTINEL1_GRD", "VV", "VH")
COVER = load("TERRA_LANDCOVER_MAP", "MAP", period=["2024-01-01", "2025-01-01"])
WATER_OR_TOWN = callback("gte", x=of("x"), y=50)
MEAN_OF_BOTH = callback("mean", data=[of("x"), of("y")])


@dataclass(frozen=True)
class Case:
    """A graph, and the nodes of it that are computed elsewhere: node -> (backend, its nodes).

    The last backend computes what is left.
    """

    graph: Mapping[str, Graph]
    elsewhere: Mapping[str, tuple[str, tuple[str, ...]]]
    last: str = "terra"


CASES = {
    "optical and radar data merged after the mean of each": Case(
        {
            "optical": OPTICAL,
            "radar": RADAR,
            "optical_mean": over_time("optical"),
            "radar_mean": over_time("radar"),
            "merged": node("merge_cubes", cube1=by("optical_mean"), cube2=by("radar_mean")),
        },
        {"radar_mean": ("aurora", ("radar", "radar_mean"))},
    ),
    "dates of optical and radar data merged, and the mean of that": Case(
        {
            "optical": OPTICAL,
            "radar": RADAR,
            "merged": node("merge_cubes", cube1=by("optical"), cube2=by("radar")),
            "mean": over_time("merged"),
        },
        {"radar": ("aurora", ("radar",))},
    ),
    "optical data handed to the radar": Case(
        {
            "optical": OPTICAL,
            "ndvi": node("ndvi", data=by("optical")),
            "best": over_time("ndvi", "max"),
            "radar": RADAR,
            "vv": node("filter_bands", data=by("radar"), bands=["VV"]),
            "median": over_time("vv", "median"),
            "merged": node(
                "merge_cubes",
                cube1=by("median"),
                cube2=by("best"),
                overlap_resolver=callback("subtract", x=of("x"), y=of("y")),
            ),
        },
        {"best": ("terra", ("optical", "ndvi", "best"))},
        last="aurora",
    ),
    "bands chosen by what they measure in their product": Case(
        {
            "optical": load("SENTINEL3_OLCI_L1B", "B04", "B08"),
            "red": node("filter_bands", data=by("optical"), wavelengths=[[0.66, 0.67]]),
        },
        {"optical": ("terra", ("optical",))},
        last="boreal",
    ),
    "optical data masked by a map of land cover": Case(
        {
            "optical": OPTICAL,
            "cover": COVER,
            "one": over_time("cover", "first"),
            "class": node("apply", data=by("one"), process=WATER_OR_TOWN),
            "mask": node("resample_cube_spatial", data=by("class"), target=by("optical")),
            "bare": node(
                "reduce_dimension",
                data=by("mask"),
                dimension="bands",
                reducer=callback("first", data=of("data")),
            ),
            "masked": node("mask", data=by("optical"), mask=by("bare")),
        },
        {"class": ("boreal", ("cover", "one", "class"))},
    ),
    "zonal statistics over both": Case(
        {
            "optical": OPTICAL,
            "radar": RADAR,
            "merged": node("merge_cubes", cube1=by("optical"), cube2=by("radar")),
            "zones": zonal("merged"),
        },
        {"radar": ("aurora", ("radar",))},
    ),
    "statistics of zones computed at both and joined": Case(
        {
            "optical": OPTICAL,
            "radar": RADAR,
            "optical_zones": zonal("optical"),
            "radar_zones": zonal("radar", "sd"),
            "merged": node("merge_cubes", cube1=by("optical_zones"), cube2=by("radar_zones")),
        },
        {"radar_zones": ("aurora", ("radar", "radar_zones"))},
    ),
    "three backends, one result used twice": Case(
        {
            "optical": OPTICAL,
            "radar": RADAR,
            "cover": COVER,
            "water": over_time("cover", "first"),
            "radar_mean": over_time("radar"),
            "optical_mean": over_time("optical"),
            "map": node("resample_cube_spatial", data=by("water"), target=by("radar_mean")),
            "one": node("merge_cubes", cube1=by("optical_mean"), cube2=by("radar_mean")),
            "all": node("merge_cubes", cube1=by("one"), cube2=by("map")),
            "twice": node(
                "merge_cubes",
                cube1=by("all"),
                cube2=by("radar_mean"),
                overlap_resolver=MEAN_OF_BOTH,
            ),
        },
        {
            "radar_mean": ("aurora", ("radar", "radar_mean")),
            "water": ("boreal", ("cover", "water")),
        },
    ),
}


def computed(backend: Computing, graph: Mapping[str, Graph], folder: Path) -> xr.DataArray:
    """The cube that a batch job saves."""
    last = list(graph)[-1]
    job = backend.finished({**graph, "save": saved(last)})
    return read_netcdf(backend.file(job, folder)).compute()


@pytest.mark.parametrize("name", CASES)
def test_parts_give_what_the_whole_gives(
    backends: dict[str, Computing], tmp_path: Path, name: str
) -> None:
    case = CASES[name]
    rest = dict(case.graph)
    for exit_, (where, nodes) in case.elsewhere.items():
        part = {each: rest.pop(each) for each in nodes}
        job = backends[where].finished({**part, "save": saved(exit_)})
        rest[exit_] = load_part(backends[where].link(job))
    last = list(case.graph)[-1]
    rest[last] = rest.pop(last)
    split = computed(backends[case.last], rest, tmp_path)
    whole = computed(backends[WHOLE], case.graph, tmp_path)
    assert not difference(whole, split)
    assert np.isfinite(whole.values.astype(float)).any()
    assert np.unique(whole.values[np.isfinite(whole.values.astype(float))]).size > 3


SMALL = {
    **OPTICAL,
    "arguments": {
        **OPTICAL["arguments"],
        "spatial_extent": {"west": 7.0, "south": 51.0, "east": 7.001, "north": 51.001},
    },
}


def failure(backend: Computing, url: str) -> str:
    """The last error in the log of a job that loads from a URL, and could not."""
    job = backend.started({"part": load_part(url), "save": saved("part")})
    assert backend.ended(job) == "error"
    return backend.said(job, "error")[-1]


def test_a_failed_part_is_named_with_its_reason(backends: dict[str, Computing]) -> None:
    boreal = backends["boreal"]
    # Boreal computes one job at a time, so that the other one is still to come.
    boreal.started({"load": COVER, "save": saved("load")})
    job = boreal.started(
        {
            "load": load("BOREAL_TEMPERATURE_DAILY", period=["1950-01-01", "1951-01-01"]),
            "save": saved("load"),
        }
    )
    link = boreal.link(job, "?partial=true")
    assert boreal.ended(job) == "error"
    said = failure(backends["aurora"], link)
    assert "cannot be loaded: it answers with status 424 (NoDataAvailable: " in said
    assert link.rpartition("/")[2].partition("?")[0] not in said


def test_results_that_have_expired_are_named_as_such(backends: dict[str, Computing]) -> None:
    terra = backends["terra"]
    job = terra.finished({"load": SMALL, "save": saved("load")})
    old = terra.link(job)
    start = terra.ask("POST", f"/jobs/{job}/results")
    assert start.status_code == 202
    assert terra.ended(job) == "finished"
    assert "(ResultLinkExpired: The job was run again." in failure(backends["aurora"], old)
    fresh = {"part": load_part(terra.link(job)), "save": saved("part")}
    assert backends["aurora"].finished(fresh)


def test_a_link_from_before_the_end_is_waited_for(backends: dict[str, Computing]) -> None:
    terra, aurora = backends["terra"], backends["aurora"]
    ahead = terra.started({"load": OPTICAL, "save": saved("load")})
    job = terra.started({"load": SMALL, "save": saved("load")})
    link = terra.link(job, "?partial=true")
    loading = aurora.started({"part": load_part(link), "save": saved("part")})
    assert aurora.ended(loading) == "finished"
    assert terra.ended(ahead) == "finished"


def test_a_member_that_is_away_for_a_moment_is_waited_for(backends: dict[str, Computing]) -> None:
    terra, aurora = backends["terra"], backends["aurora"]
    job = terra.finished({"load": SMALL, "save": saved("load")})
    link = terra.link(job)
    terra.go()
    loading = aurora.started({"part": load_part(link), "save": saved("part")})
    try:
        wait_until(
            lambda: any("It is tried again" in line for line in aurora.said(loading)), seconds=20
        )
    finally:
        terra.come()
    assert aurora.ended(loading) == "finished", aurora.said(loading)


def endless() -> Iterator[bytes]:
    while True:
        yield bytes(2**20)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (Reply(500, body=[b"<html>Oops</html>"]), "it answers with status 500."),
        (Reply(200, body=[b"<html>Welcome</html>"]), "leads to no usable STAC"),
        (Reply(200, body=[b'{"type": "Collection"}']), "leads to STAC that is not valid"),
        (Reply(200, body=endless()), "FileSizeExceeded|is larger than"),
        (Reply(302, headers={"Location": "http://169.254.169.254/"}), "lies in a private network"),
    ],
    ids=["error", "HTML", "half", "endless", "moved"],
)
def test_what_is_no_result_ends_the_job_with_what_it_is(
    backends: dict[str, Computing], elsewhere: int, answer: Reply, said: str
) -> None:
    app = FakeBackend({"GET /results": answer})
    server = make_server("127.0.0.1", elsewhere, app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    try:
        assert re.search(said, failure(backends["boreal"], f"http://127.0.0.1:{elsewhere}/results"))
    finally:
        server.shutdown()
        thread.join(5)
        server.server_close()


def test_only_the_places_that_are_configured_may_lie_on_this_machine(
    backends: dict[str, Computing],
) -> None:
    port = free_port()
    said = failure(backends["aurora"], f"http://127.0.0.1:{port}/results")
    assert f"'http://127.0.0.1:{port}/results' cannot be loaded" in said
    assert "the host '127.0.0.1' lies in a private network" in said


@pytest.mark.parametrize(
    ("product", "wide", "narrow", "bands"),
    [
        (
            "sentinel2_l2a",
            {},
            {"bands": ["SCL", "B04"], "spatial_extent": [4.0, 50.5, 32.0, 72.0]},
            ("B04", "SCL"),
        ),
        (
            "vegetation_10daily",
            {"bands": ["FAPAR", "NDVI"]},
            {"bands": ["NDVI"], "temporal_extent": ["2024-01-01", None]},
            ("NDVI",),
        ),
        ("landcover", {}, {"temporal_extent": ["2024-01-01", "2024-12-31"]}, ("MAP",)),
    ],
)
def test_a_product_is_the_same_wherever_it_is_held(
    product: str, wide: dict[str, Any], narrow: dict[str, Any], bands: tuple[str, ...]
) -> None:
    request = LoadRequest(
        spatial_extent=AREA, temporal_extent=("2024-01-01", "2024-06-19"), bands=bands
    )
    one, other = (
        scenes.load(CollectionSpec(name, "world", product, options), request).compute()
        for name, options in (("TERRA_ONE", wide), ("BOREAL_MIRROR", narrow))
    )
    assert not difference(one, other)
    assert np.isfinite(one.values).any()
