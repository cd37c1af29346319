"""The products of the generated world, and what a profile may make of them.

Light: described by `backends.collections` on the HTTP side, computed by
`backends.scenes` in the workers. Both read this one table, so that what is
described is what loads.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any, Final

from backends.bands import Band
from backends.catalogue import CATALOGUE, Product

__all__ = ["METRES_PER_DEGREE", "PRODUCT", "PRODUCTS", "Band", "Product", "product"]

PRODUCT: Final = "product"
"""The attribute of a cube that names the product that its bands are of."""

METRES_PER_DEGREE: Final = 111_319.49079327358

PRODUCTS: Final[Mapping[str, Product]] = MappingProxyType({item.id: item for item in CATALOGUE})
"""Every product of the world by the name that a profile calls it."""


def product(name: str, options: Mapping[str, Any] | None = None) -> Product:
    """A product as one collection offers it, restricted by the collection's options.

    Options: `bands` (names, in their order), `spatial_extent` ([west, south, east,
    north]), `temporal_extent` ([start, end], null for the product's own end), `title`,
    `description`. Raises ValueError that says what is possible.
    """
    if name not in PRODUCTS:
        raise ValueError(f"there is no product {name!r}; there are {', '.join(PRODUCTS)}")
    found = PRODUCTS[name]
    given = options or {}
    return replace(
        found,
        bands=_chosen(found, given.get("bands")),
        bbox=_box(found, given.get("spatial_extent")),
        interval=_interval(found, given.get("temporal_extent")),
        title=given.get("title") or found.title,
        description=given.get("description") or found.description,
    )


def _chosen(found: Product, names: Any) -> tuple[Band, ...]:
    if names is None:
        return found.bands
    bands = {band.name: band for band in found.bands}
    unknown = [str(name) for name in names if name not in bands]
    if unknown or not names:
        raise ValueError(f"bands of {found.id} are {', '.join(bands)}, not {', '.join(unknown)}")
    return tuple(bands[name] for name in names)


def _box(found: Product, box: Any) -> tuple[float, float, float, float]:
    if box is None:
        return found.bbox
    west, south, east, north = (float(value) for value in box)
    clipped = (
        max(west, found.bbox[0]),
        max(south, found.bbox[1]),
        min(east, found.bbox[2]),
        min(north, found.bbox[3]),
    )
    if clipped[0] >= clipped[2] or clipped[1] >= clipped[3]:
        raise ValueError(f"spatial_extent {box} has nothing in common with {list(found.bbox)}")
    return clipped


def _interval(found: Product, interval: Any) -> tuple[str, str]:
    if interval is None:
        return found.interval
    start, end = (None if value is None else _moment(value) for value in interval)
    first = max(found.interval[0], start or found.interval[0])
    last = min(found.interval[1], end or found.interval[1])
    if first >= last:
        raise ValueError(f"temporal_extent {interval} is outside {list(found.interval)}")
    return first, last


def _moment(value: Any) -> str:
    """A date as YAML reads it (text or date), written as the interval's strings are."""
    text = str(value).replace(" ", "T").replace("+00:00", "Z")
    return text if "T" in text else f"{text}T00:00:00Z"
