"""How a request asks for tiles: the property `federation:tiles`, beside the process.

::

    {"size": 0.5, "unit": "degrees", "pixel": 0.0001}     a grid; `unit` and `pixel` are optional
    {"areas": {"type": "FeatureCollection", …}}           a part for each feature

`exact: false` allows what differs a little along the edges. See `Grid`.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from aggregator.documents import JsonObject, is_number, is_object, is_text
from aggregator.errors import TilesInvalid
from aggregator.routing.bodies import TILES, read_tiles
from aggregator.routing.suggestions import shortened
from aggregator.routing.tiling.grids import Grid

UNITS = ("degrees", "metres")
_KNOWN = ("size", "unit", "pixel", "areas", "exact")


@dataclass(frozen=True)
class Wanted:
    """A grid, or a GeoJSON FeatureCollection of areas; `exact` unless it need not be."""

    by: Grid | JsonObject
    exact: bool = True


def tiles_wanted(body: JsonObject) -> Wanted | None:
    """The tiles that a request asks for; None if it asks for none.

    Raises TilesInvalid, which names all that is wrong.
    """
    given = read_tiles(body)
    if given is None:
        return None
    mistakes = list(_mistakes(given)) if is_object(given) else ["it must be an object"]
    if mistakes:
        raise TilesInvalid(TILES, "; ".join(mistakes))
    exact = given.get("exact") is not False
    if "areas" in given:
        return Wanted(given["areas"], exact)
    pixel = given.get("pixel")
    return Wanted(Grid(given["size"], given.get("unit", "degrees"), pixel), exact)


def _mistakes(given: JsonObject) -> Iterator[str]:
    unknown = [repr(shortened(name, 50)) for name in given if name not in _KNOWN]
    if unknown:
        yield f"there is no {', '.join(unknown[:3])}, but {', '.join(_KNOWN)}"
    if ("size" in given) == ("areas" in given):
        yield "it must have either 'size' or 'areas'"
    if "size" in given and not _is_positive(given["size"]):
        yield "'size' must be a number above 0, the length of a tile's side"
    if given.get("unit", "degrees") not in UNITS:
        yield f"'unit' must be one of {', '.join(UNITS)}"
    if given.get("pixel") is not None and not _is_positive(given["pixel"]):
        yield "'pixel' must be a number above 0, the size of the largest pixel that is loaded"
    if "areas" in given and not is_object(given["areas"]):
        yield "'areas' must be a GeoJSON FeatureCollection of polygons"
    if not isinstance(given.get("exact", True), bool):
        yield "'exact' must be true or false"


def _is_positive(value: Any) -> bool:
    return is_number(value) and not is_text(value) and value > 0
