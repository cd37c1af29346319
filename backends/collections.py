"""Collections as STAC documents with the datacube extension.

Light: the HTTP side serves what is made here. The documents are made from the same
tables that `backends.scenes` loads from, so that what is described loads.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from backends.products import Band, Product, product
from backends.profile import CollectionSpec
from backends.stac_documents import describe_stac

STAC_VERSION: Final = "1.1.0"
STAC_VERSIONS: Final = ("1.0.0", "1.1.0")

_EXTENSIONS: Final = "https://stac-extensions.github.io"
DATACUBE: Final = f"{_EXTENSIONS}/datacube/v2.2.0/schema.json"
_ITEM_ASSETS: Final = f"{_EXTENSIONS}/item-assets/v1.0.0/schema.json"
_VERSION: Final = f"{_EXTENSIONS}/version/v1.2.0/schema.json"
_COMMON_BANDS: Final = f"{_EXTENSIONS}/eo/v2.0.0/schema.json"
"""The EO extension for the bands of STAC 1.1; `eo:bands` is the older one's."""

_PREFIXES: Final = {
    "cube": DATACUBE,
    "eo": f"{_EXTENSIONS}/eo/v1.1.0/schema.json",
    "classification": f"{_EXTENSIONS}/classification/v2.0.0/schema.json",
    "processing": f"{_EXTENSIONS}/processing/v1.1.0/schema.json",
    "raster": f"{_EXTENSIONS}/raster/v2.0.0/schema.json",
    "sar": f"{_EXTENSIONS}/sar/v1.0.0/schema.json",
    "sat": f"{_EXTENSIONS}/sat/v1.0.0/schema.json",
}
"""Prefixes of fields, and the extension that defines them."""

_COG: Final = "image/tiff; application=geotiff; profile=cloud-optimized"

_SUMMARY: Final = (
    *("stac_version", "stac_extensions", "type", "id", "title", "description", "keywords"),
    *("version", "deprecated", "experimental", "license", "providers", "extent", "links"),
    "common_name",
)
"""Fields of a collection that `GET /collections` shows too."""


def describe(spec: CollectionSpec, host: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """The full STAC collection of `GET /collections/{id}`.

    `links` holds none to the backend itself; `host` is a STAC provider (name, url) to be
    listed last, as the only host. Options of the collection: those of `products.product`,
    `keywords`, `experimental`, `deprecated`, `common_name` (the id under which a
    federation merges it), `license`, `version`, `stac_version` (1.0.0 or 1.1.0). Raises
    ValueError for options that cannot be, and what `stac_documents` raises for STAC that
    cannot be read.
    """
    version = str(spec.options.get("stac_version", STAC_VERSION))
    if version not in STAC_VERSIONS:
        raise ValueError(f"stac_version is one of {', '.join(STAC_VERSIONS)}, not {version}")
    if spec.kind == "stac":
        document = describe_stac(spec, version)
    else:
        document = _describe_product(spec, product(spec.product, spec.options), version)
    if host:
        document["providers"] = _with_host(document["providers"], host)
    flagged = _flagged(document, spec.options)
    return {**flagged, "stac_extensions": _declared(flagged)}


def summary(document: Mapping[str, Any]) -> dict[str, Any]:
    """What `GET /collections` shows of a collection's full document."""
    return {key: document[key] for key in _SUMMARY if key in document}


def _with_host(
    providers: Sequence[Mapping[str, Any]], host: Mapping[str, Any]
) -> list[dict[str, Any]]:
    """The providers with the one that serves the data as the last and only host."""
    others = [
        {**one, "roles": [role for role in one.get("roles", []) if role != "host"]}
        for one in providers
    ]
    provider = {"name": host["name"], "url": host.get("url"), "roles": ["host"]}
    return [*(one for one in others if one["roles"]), _without_none(provider)]


def _flagged(document: dict[str, Any], options: Mapping[str, Any]) -> dict[str, Any]:
    """The document with what a profile may say of any kind of collection."""
    flags = {key: True for key in ("experimental", "deprecated") if options.get(key)}
    texts = ("common_name", "keywords", "license")
    given = {key: options[key] for key in texts if options.get(key)}
    if options.get("version"):
        given["version"] = str(options["version"])
    return {**document, **given, **flags}


def _declared(document: Mapping[str, Any]) -> list[str]:
    """The extensions that the document names already, and those of all its fields."""
    found = list(document["stac_extensions"])
    known = {url.split("/v", maxsplit=1)[0] for url in found}
    needed = [_PREFIXES[name] for name in sorted(_prefixes(document)) if name in _PREFIXES]
    if {"version", "deprecated", "experimental"} & document.keys():
        needed.append(_VERSION)
    found += [url for url in needed if url.split("/v", maxsplit=1)[0] not in known]
    if "bands" in document.get("summaries", {}) and "eo" in _prefixes(
        document["summaries"]["bands"]
    ):
        found.append(_COMMON_BANDS)
    return list(dict.fromkeys(found))


def _prefixes(value: Any) -> set[str]:
    """The prefixes of all names of fields in a document."""
    if isinstance(value, Mapping):
        own = {str(key).split(":", maxsplit=1)[0] for key in value if ":" in str(key)}
        return own.union(*map(_prefixes, value.values()))
    return set().union(*map(_prefixes, value)) if isinstance(value, list) else set()


def _describe_product(spec: CollectionSpec, offered: Product, version: str) -> dict[str, Any]:
    return {
        "type": "Collection",
        "stac_version": version,
        "stac_extensions": [DATACUBE] if version == "1.1.0" else [DATACUBE, _ITEM_ASSETS],
        "id": spec.id,
        "title": offered.title,
        "description": offered.description,
        "keywords": list(offered.keywords),
        "license": "CC0-1.0",
        "providers": [_producer(offered)],
        "extent": {
            "spatial": {"bbox": [list(offered.bbox)]},
            "temporal": {"interval": [list(offered.interval)]},
        },
        "cube:dimensions": _dimensions(offered),
        "summaries": _summaries(offered, version),
        "item_assets": {band.name: _item_asset(band, version) for band in offered.bands},
        "links": [
            {
                "rel": "license",
                "href": "https://creativecommons.org/publicdomain/zero/1.0/",
                "title": "Creative Commons Zero",
            }
        ],
    }


def _producer(offered: Product) -> dict[str, Any]:
    name, url = offered.producer
    return {
        "name": name,
        "url": url,
        "description": "An invented mission to an imaginary Earth; no real measurements.",
        "roles": ["producer", "licensor"],
    }


def _dimensions(offered: Product) -> dict[str, Any]:
    west, south, east, north = offered.bbox
    dimensions: dict[str, Any] = {}
    for axis, extent in (("x", [west, east]), ("y", [south, north])):
        dimensions[axis] = {"type": "spatial", "axis": axis, "extent": extent}
        if not offered.utm:
            dimensions[axis]["step"] = offered.degrees
        dimensions[axis]["reference_system"] = 4326
    if offered.dates:
        dimensions["t"] = _temporal(offered)
    dimensions["bands"] = {"type": "bands", "values": list(offered.band_names)}
    return dimensions


def _temporal(offered: Product) -> dict[str, Any]:
    dimension = {"type": "temporal", "extent": list(offered.interval), "step": offered.step}
    if offered.calendar == "years":
        first, last = (int(text[:4]) for text in offered.interval)
        days = [f"{year}-01-01T00:00:00Z" for year in range(first, last + 1)]
        dimension["values"] = [day for day in days if day >= offered.interval[0]]
    return dimension


def _summaries(offered: Product, version: str) -> dict[str, Any]:
    summaries: dict[str, Any] = {"gsd": sorted({band.gsd for band in offered.bands if band.gsd})}
    for key, values in (
        ("platform", offered.platforms),
        ("constellation", (offered.constellation,)),
        ("instruments", offered.instruments),
    ):
        if values and values[0]:
            summaries[key] = list(values)
    for name, values in offered.properties.items():
        summaries[name] = _range_or_set(values)
    summaries |= {key: list(values) for key, values in offered.summaries.items()}
    summaries["eo:bands"] = [_eo_band(band) for band in offered.bands]
    if version == "1.1.0":
        summaries["bands"] = [_common_band(band) for band in offered.bands]
    return summaries


def _range_or_set(values: Any) -> Any:
    if all(isinstance(value, int | float) for value in values):
        return {"minimum": values[0], "maximum": values[1]}
    return list(values)


def _eo_band(band: Band) -> dict[str, Any]:
    """A band as the EO extension 1.x has it, with the fields that clients read."""
    return _without_none(
        {
            "name": band.name,
            "description": band.description,
            "common_name": band.common_name,
            "center_wavelength": band.wavelength,
            "full_width_half_max": band.width,
            "gsd": band.gsd,
            "unit": band.unit,
            "scale": band.scale,
            "offset": None if band.scale is None else 0,
            "classification:classes": _classes(band),
        }
    )


def _common_band(band: Band) -> dict[str, Any]:
    """A band as STAC 1.1 has it."""
    return _without_none(
        {
            "name": band.name,
            "description": band.description,
            "eo:common_name": band.common_name,
            "eo:center_wavelength": band.wavelength,
            "eo:full_width_half_max": band.width,
            "gsd": band.gsd,
            "unit": band.unit,
            "data_type": band.data_type,
            "raster:scale": band.scale,
            "raster:offset": None if band.scale is None else 0,
            "classification:classes": _classes(band),
        }
    )


def _classes(band: Band) -> list[dict[str, Any]] | None:
    if not band.classes:
        return None
    return [
        {"value": value, "name": name, "description": text} for value, name, text in band.classes
    ]


def _item_asset(band: Band, version: str) -> dict[str, Any]:
    bands = (
        {"bands": [_common_band(band)]} if version == "1.1.0" else {"eo:bands": [_eo_band(band)]}
    )
    return {"title": band.description, "type": _COG, "roles": ["data"], **bands}


def _without_none(document: Mapping[str, Any]) -> dict[str, Any]:
    return {key: value for key, value in document.items() if value is not None}
