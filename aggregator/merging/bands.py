"""Bands of collections: described in several places, which all tell who has them."""

from collections.abc import Iterator
from typing import Any

from aggregator.documents import (
    JsonObject,
    is_array,
    is_object,
    mapping,
    members,
    objects,
    text,
    texts,
)
from aggregator.merging.fields import (
    ABSENT,
    BACKENDS,
    Part,
    Parts,
    Place,
    Rule,
    Shortcut,
    fits,
    flag_of_all,
    union_of,
    usable,
    word,
    wording,
)
from aggregator.merging.named import array_by_name

BAND_FIELDS = ("bands", "eo:bands", "raster:bands", "sar:bands")
"""Where STAC 1.0 and 1.1 describe bands."""

_by_name: Rule = array_by_name(
    {
        "name": word,
        "common_name": word,
        "eo:common_name": word,
        "description": wording,
        "title": wording,
        "deprecated": flag_of_all,
        "experimental": flag_of_all,
    },
    partial=None,
)
_as_they_are: Rule = union_of(is_object, "descriptions of bands")


def _described(parts: Parts, place: Place) -> Any:
    good = usable(parts, place, is_array, "an array of bands")
    if not good:
        return ABSENT
    named = [Part(p.backend, [b for b in p.value if not _is_nameless(b)]) for p in good]
    nameless = [Part(p.backend, [b for b in p.value if _is_nameless(b)]) for p in good]
    united = [*_by_name(named, place), *_as_they_are(nameless, place)]
    return united if united or not any(part.value for part in good) else ABSENT


described = Shortcut(_described, lambda value: fits(_by_name, value))
"""Rule for an array of bands: united by name, in the order in which they are first seen.

Names are optional in STAC. Descriptions without one are kept as they are, each once.
"""


def _is_nameless(band: object) -> bool:
    return is_object(band) and "name" not in band


def band_names(collection: JsonObject) -> list[str]:
    """The bands that a collection names, be it as labels of a dimension or in a summary."""
    found = dict.fromkeys(_labels(collection))
    for holder in (collection, mapping(collection, "summaries")):
        for key in BAND_FIELDS:
            found.update(dict.fromkeys(text(band, "name") for band in objects(holder, key)))
    found.pop("", None)
    return list(found)


def _labels(collection: JsonObject) -> Iterator[str]:
    for _, dimension in members(collection, "cube:dimensions"):
        if dimension.get("type") == "bands":
            yield from texts(dimension, "values")


def who_has(collections: Parts) -> dict[str, tuple[str, ...]]:
    """Bands that only some backends have, of those that name any, with these backends."""
    if len(collections) < 2:
        return {}
    named = [Part(part.backend, band_names(part.value)) for part in collections]
    telling = [part for part in named if part.value]
    holders: dict[str, list[str]] = {}
    for part in telling:
        for band in part.value:
            holders.setdefault(band, []).append(part.backend)
    everyone = len(telling)
    return {band: tuple(who) for band, who in holders.items() if len(who) < everyone}


def note_partial(partial: dict[str, tuple[str, ...]], place: Place) -> None:
    """Note each band that only some backends have."""
    for band, backends in partial.items():
        place.inside(band).note("part-partial", backends)


def marked_assets(assets: JsonObject, partial: dict[str, tuple[str, ...]]) -> dict[str, Any]:
    """Copy assets, their described bands marked likewise."""
    return {
        name: {**asset, **{key: marked(asset[key], partial) for key in BAND_FIELDS if key in asset}}
        for name, asset in assets.items()
    }


def marked(bands: list[dict[str, Any]], partial: dict[str, tuple[str, ...]]) -> list[Any]:
    """Copy described bands, adding to each that only some backends have who does."""
    return [
        {**band, BACKENDS: list(partial[text(band, "name")])}
        if text(band, "name") in partial
        else band
        for band in bands
    ]
