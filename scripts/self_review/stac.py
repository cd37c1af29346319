"""What STAC wants of collections, judged without the internet by rules that come along."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from functools import cache
from importlib.resources import files
from typing import Any, Final

from jsonschema import Draft202012Validator
from packaging.licenses import InvalidLicenseExpression, canonicalize_license_expression

from scripts.self_review.backend import Entry, objects

EXTENSIONS: Final = {
    "cube": "datacube",
    "sci": "scientific",
    "proj": "projection",
    "sat": "sat",
    "eo": "eo",
    "sar": "sar",
    "view": "view",
    "raster": "raster",
    "processing": "processing",
    "classification": "classification",
    "order": "order",
    "mgrs": "mgrs",
    "grid": "grid",
    "file": "file",
    "table": "table",
    "storage": "storage",
    "auth": "authentication",
    "render": "render",
    "themes": "themes",
    "product": "product",
    "forecast": "forecast",
    "mlm": "mlm",
    "label": "label",
    "pc": "pointcloud",
    "ssys": "ssys",
    "stats": "stats",
    "card4l": "card4l",
}
"""Prefix of the fields, and the name of their extension as its schema's address has it."""
VERSIONED: Final = frozenset({"experimental", "deprecated"})
FREE: Final = frozenset({"federation", "openeo"})
"""Prefixes that openEO defines elsewhere."""


@cache
def _validator() -> Draft202012Validator:
    text = files("scripts.self_review.data").joinpath("stac_collection.schema.json").read_text()
    return Draft202012Validator(json.loads(text))


def problems(collection: Entry) -> list[str]:
    """Where a collection is not valid; the place first. What is null counts as absent."""
    given = {key: value for key, value in collection.items() if value is not None}
    found = sorted(_validator().iter_errors(given), key=lambda one: list(map(str, one.path)))
    return [_sentence(one) for one in found]


def _sentence(error: Any) -> str:
    place = "/".join(map(str, error.absolute_path))
    said = str(error.message)
    return f"{place}: {said[:160]}" if place else said[:160]


def is_spdx(licence: object) -> bool:
    """Whether it is an identifier or an expression of SPDX."""
    if not isinstance(licence, str):
        return False
    try:
        canonicalize_license_expression(licence)
    except InvalidLicenseExpression:
        return False
    return True


def undeclared(collection: Entry) -> list[str]:
    """The extensions whose fields occur, but which `stac_extensions` does not name."""
    declared = [str(one).lower() for one in _array(collection.get("stac_extensions"))]
    used = {prefix for prefix in _prefixes(collection) if prefix not in FREE}
    missing = [
        f"{prefix}: (extension {EXTENSIONS.get(prefix, prefix)})"
        for prefix in sorted(used)
        if not any(_names(url, EXTENSIONS.get(prefix, prefix)) for url in declared)
    ]
    flags = sorted(key for key in VERSIONED if collection.get(key) is not None)
    if flags and not any(_names(url, "version") for url in declared):
        missing.append(f"{', '.join(flags)} (extension version)")
    return missing


def _names(url: str, extension: str) -> bool:
    """Whether the address of a schema, or the short name of STAC 0.9, is of that extension."""
    return extension in re.split(r"[/_]", url) or f"/{extension}" in url or url == extension


def _prefixes(collection: Entry) -> Iterator[str]:
    places: list[Any] = [collection, collection.get("summaries")]
    for key in ("assets", "item_assets"):
        found = collection.get(key)
        places += list(found.values()) if isinstance(found, Mapping) else []
    for place in places:
        if not isinstance(place, Mapping):
            continue
        for key, value in place.items():
            if value is None:
                continue
            prefix, colon, _ = str(key).partition(":")
            if colon and re.fullmatch(r"[a-z][a-z0-9_-]*", prefix):
                yield prefix


def dimensions(collection: Entry) -> dict[str, Entry]:
    """The dimensions by name; none if they are not described."""
    found = collection.get("cube:dimensions")
    entries = found.items() if isinstance(found, Mapping) else []
    return {str(name): one for name, one in entries if isinstance(one, Mapping)}


def axes(collection: Entry) -> set[str]:
    """The axes of its spatial dimensions."""
    spatial = [one for one in dimensions(collection).values() if one.get("type") == "spatial"]
    return {str(one.get("axis")) for one in spatial}


def bands(collection: Entry) -> list[Entry]:
    """The bands with what is said of them; by name only where nothing else is."""
    summaries = collection.get("summaries")
    places = [summaries if isinstance(summaries, Mapping) else {}, collection]
    for place in places:
        for key in ("eo:bands", "bands", "raster:bands"):
            if found := [one for one in objects(place.get(key)) if "name" in one]:
                return found
    return [{"name": name} for name in band_names(collection)]


def band_names(collection: Entry) -> list[str]:
    """The labels of the dimension of bands."""
    return [
        str(value)
        for one in dimensions(collection).values()
        if one.get("type") == "bands"
        for value in _array(one.get("values"))
    ]


def roles(collection: Entry) -> list[list[str]]:
    """The roles of each provider."""
    return [
        list(map(str, _array(one.get("roles")))) for one in objects(collection.get("providers"))
    ]


def _array(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
