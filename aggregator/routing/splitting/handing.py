"""Handing a result on: which backend can write it, which can read it, and in which format.

A result is saved as a file by a batch job and read by `load_stac`. netCDF keeps a cube of pixels
whatever its dimensions are; GeoTIFF keeps one of x, y, t and bands only. A vector cube is handed on
where both backends say that a format is for vector data.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from aggregator.documents import JsonObject
from aggregator.routing.abilities import Abilities, endpoint
from aggregator.routing.plans import PART_ADDRESS
from aggregator.routing.splitting.cubes import Cube
from aggregator.routing.splitting.loading import RASTERS, USUAL

FORMATS: Mapping[str, tuple[str, ...]] = {
    "netCDF": ("netcdf",),
    "GTiff": ("gtiff", "geotiff", "cog"),
}
"""The formats in which cubes are handed on, the best one first, by the names that they go by."""


class Written(NamedTuple):
    """A format in which a backend can write something, by our name and by its own."""

    format: str
    name: str


_NOTHING: Mapping[str, tuple[Written, ...]] = {"raster": (), "vector": ()}
_UNREAD: Mapping[str, frozenset[str]] = {"raster": frozenset(), "vector": frozenset()}
_JOBS = ("POST /jobs", "POST /jobs/{}/results", "GET /jobs/{}/results")


@dataclass(frozen=True)
class Hand:
    """What one backend can hand on and be handed.

    By type of data (`raster`, `vector`), the formats; `cannot_write` and `cannot_read` say why if
    there is none, to follow the backend's name.
    """

    writes: Mapping[str, tuple[Written, ...]]
    reads: Mapping[str, frozenset[str]]
    cannot_write: str = ""
    cannot_read: str = ""


def hand_of(backend: Abilities) -> Hand:
    """What a backend's abilities tell. Whether it is online is not asked here."""
    against_writing = next(_against_writing(backend), "")
    against_reading = next(_against_reading(backend), "")
    writes = _NOTHING if against_writing else _writes(backend)
    reads = _UNREAD if against_reading else _reads(backend)
    return Hand(
        writes,
        reads,
        against_writing or ("" if writes["raster"] else f"writes neither {_named()}"),
        against_reading or ("" if reads["raster"] else f"reads neither {_named()}"),
    )


def _named() -> str:
    return " nor ".join(FORMATS)


def _against_writing(backend: Abilities) -> Iterator[str]:
    yield from _lacking(backend, "save_result", ("data", "format"))
    for operation in _JOBS:
        if backend.endpoints is not None and endpoint(operation) not in backend.endpoints:
            yield f"does not offer '{operation}'"


def _against_reading(backend: Abilities) -> Iterator[str]:
    yield from _lacking(backend, "load_stac", ("url",))


def _lacking(backend: Abilities, process: str, parameters: Sequence[str]) -> Iterator[str]:
    if process not in backend.process_ids:
        yield f"has no process '{process}'"
        return
    known = backend.processes[process] if backend.processes else None
    for name in parameters:
        if known is not None and name not in known:
            yield f"has process '{process}' without parameter '{name}'"


def _writes(backend: Abilities) -> Mapping[str, tuple[Written, ...]]:
    offered = backend.output_formats
    found: dict[str, list[Written]] = {"raster": [], "vector": []}
    for format_, names in FORMATS.items():
        for name in names:
            if offered is None or name in offered:
                written = Written(format_, format_ if offered is None else offered[name])
                for kind in _for(backend.output_types.get(name)):
                    found[kind].append(written)
                break
    return {kind: tuple(written) for kind, written in found.items()}


def _reads(backend: Abilities) -> Mapping[str, frozenset[str]]:
    listed = backend.input_formats
    if listed is None:
        return {"raster": frozenset(FORMATS), "vector": frozenset()}
    if RASTERS.isdisjoint(listed):  # these are for other processes; load_stac reads GeoTIFF
        return {"raster": frozenset({"GTiff"}), "vector": frozenset()}
    found: dict[str, set[str]] = {"raster": set(), "vector": set()}
    for format_, names in FORMATS.items():
        for name in names:
            if name in listed:
                for kind in _for(backend.input_types.get(name)):
                    found[kind].add(format_)
    return {kind: frozenset(formats) for kind, formats in found.items()}


def _for(types: frozenset[str] | None) -> Iterator[str]:
    """The types of data that a format is for: pixels, unless other things are told."""
    if not types or "raster" in types:
        yield "raster"
    if types and "vector" in types:
        yield "vector"


class Handing:
    """Whether and how results can go from one backend to others; remembers what it was asked."""

    def __init__(self, hands: Mapping[str, Hand]) -> None:
        self.hands = hands
        self._formats: dict[tuple[object, ...], str | None] = {}
        self._possible: dict[tuple[object, ...], bool] = {}

    def format_for(self, cube: Cube, producer: str, consumers: frozenset[str]) -> str | None:
        """The name of the format in which the producer writes it so that all consumers read it."""
        key = (cube.kind, keeps_everything(cube), producer, consumers)
        if key not in self._formats:
            self._formats[key] = self._format_for(cube, producer, consumers)
        return self._formats[key]

    def _format_for(self, cube: Cube, producer: str, consumers: frozenset[str]) -> str | None:
        tags = keeps_everything(cube)
        for written in self.hands[producer].writes.get(cube.kind, ()):
            if (tags or written.format != "GTiff") and all(
                written.format in self.hands[consumer].reads.get(cube.kind, ())
                for consumer in consumers
            ):
                return written.name
        return None

    def is_possible(self, cube: Cube) -> bool:
        """Whether there are backends between which this cube can be handed on at all."""
        key = (cube.kind, keeps_everything(cube))
        if key not in self._possible:
            self._possible[key] = any(
                self.format_for(cube, a, frozenset({b})) for a in self.hands for b in self.hands
            )
        return self._possible[key]


def keeps_everything(cube: Cube) -> bool:
    """Whether GeoTIFF files with dates keep all of a cube: it has x, y, t and bands."""
    return cube.dimensions is not None and dict(cube.dimensions) == USUAL


def why_not(cube: Cube) -> str:
    """Why a cube cannot be handed on by anybody, to follow `the result of node 'x'`."""
    if cube.kind == "vector":
        return "is a vector cube, which no backend here can hand on"
    if cube.kind == "other":
        return "is not a data cube of pixels, and nothing else can be handed on"
    if cube.kind == "unknown":
        return "is not known to be a data cube of pixels, and nothing else can be handed on"
    return "can be handed on in no format that one backend writes and another reads"


def reader(part: str) -> JsonObject:
    """The node that reads the result of a part."""
    arguments: dict[str, Any] = {"url": f"{PART_ADDRESS}{part}"}
    return {"process_id": "load_stac", "arguments": arguments}


def writer(node_id: str, format_: str) -> JsonObject:
    """The node that saves the result of a node, as the result of its part."""
    arguments: dict[str, Any] = {"data": {"from_node": node_id}, "format": format_}
    return {"process_id": "save_result", "arguments": arguments, "result": True}
