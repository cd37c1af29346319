"""Process graphs that need several backends, and how they can be cut by hand."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from tests.fakes.execution import by, callback, of

# Wider than one chunk of 512 pixels: sums depend on the chunks.
AREA = {"west": 7.0, "south": 51.0, "east": 7.09, "north": 51.008}
JUNE = ["2024-06-01", "2024-06-19"]
Graph = dict[str, Any]


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
                "coordinates": [
                    [[w, 51.001], [w + 0.031, 51.003], [w + 0.01, 51.007], [w, 51.001]]
                ],
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
    by_hand: bool = False
    """Whether it is cut in another place than the federation would cut it, if at all."""
    is_split: bool = True
    """Whether the federation has to split it."""


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
        by_hand=True,
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
        by_hand=True,
        is_split=False,
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
        by_hand=True,
    ),
    "zonal statistics over both": Case(
        {
            "optical": OPTICAL,
            "radar": RADAR,
            "merged": node("merge_cubes", cube1=by("optical"), cube2=by("radar")),
            "zones": zonal("merged"),
        },
        {"radar": ("aurora", ("radar",))},
        by_hand=True,
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
