"""Areas of a vector: each is a part by itself, whether or not they meet."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from aggregator.documents import JsonObject, is_array, is_object, text
from aggregator.routing.extents import read_box
from aggregator.routing.splitting.obstacles import Obstacle
from aggregator.routing.tiling.grids import Tile

POLYGONS = ("Polygon", "MultiPolygon")
ID_LENGTH = 50


def areas_of(vector: JsonObject, *, most: int) -> tuple[Tile, ...] | Obstacle:
    """A part for each feature of a GeoJSON FeatureCollection, of the box around its polygons.

    Its id is that of the feature, or its number from 1. An Obstacle if the vector is no such
    collection, if a feature is no polygon, or if there are more than `most`.
    """
    features = vector.get("features")
    if vector.get("type") != "FeatureCollection" or not is_array(features) or not features:
        return Obstacle("area", "the areas must be a GeoJSON FeatureCollection of polygons")
    if len(features) > most:
        said = f"there are {len(features)} areas, and {most} is the most that is accepted"
        return Obstacle("limit", said)
    found = [*_parts(features)]
    for number, part in enumerate(found, 1):
        if part is None:
            said = f"area number {number} is no polygon in degrees that has a size"
            return Obstacle("area", said)
    parts = tuple(part for part in found if part is not None)
    if len({part.id for part in parts}) < len(parts):
        return Obstacle("area", "two areas have the same id")
    return parts


def _parts(features: Any) -> Iterator[Tile | None]:
    for number, feature in enumerate(features, 1):
        geometry = feature.get("geometry") if is_object(feature) else None
        box = read_box(geometry) if text(geometry, "type") in POLYGONS else None
        if box is None or box.west >= box.east or box.south >= box.north:
            yield None
            continue
        sides = {"west": box.west, "south": box.south, "east": box.east, "north": box.north}
        yield Tile(_name(feature.get("id"), number), sides, sides)


def _name(identifier: object, number: int) -> str:
    known = isinstance(identifier, str | int) and not isinstance(identifier, bool)
    return str(identifier)[:ID_LENGTH] if known and identifier != "" else str(number)
