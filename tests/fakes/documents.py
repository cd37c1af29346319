"""Builders of the documents that openEO backends publish, valid unless told otherwise.

Every builder takes further fields by keyword (``fields={"cube:dimensions": …}`` for names
that are no identifiers), which replace the built ones; the value ``LEFT_OUT`` removes one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

LEFT_OUT = object()
Document = dict[str, Any]


def _with(document: Document, *changes: Mapping[str, Any]) -> Document:
    for change in changes:
        document.update(change)
    return {key: value for key, value in document.items() if value is not LEFT_OUT}


def collection(
    collection_id: str = "SENTINEL2_L2A",
    *,
    bands: Sequence[str] = ("B02", "B03", "B04", "B08"),
    bbox: Sequence[float] = (-180, -56, 180, 83),
    interval: Sequence[str | None] = ("2015-06-23T00:00:00Z", None),
    fields: Mapping[str, Any] = MappingProxyType({}),
    **more: Any,
) -> Document:
    """A collection of STAC 1.0.0 with dimensions x, y, t and, if there are any, bands."""
    west, south, east, north = bbox
    dimensions: Document = {
        "x": {"type": "spatial", "axis": "x", "extent": [west, east], "reference_system": 4326},
        "y": {"type": "spatial", "axis": "y", "extent": [south, north], "reference_system": 4326},
        "t": {"type": "temporal", "extent": list(interval)},
    }
    summaries: Document = {"constellation": ["sentinel-2"]}
    if bands:
        dimensions["bands"] = {"type": "bands", "values": list(bands)}
        summaries["eo:bands"] = [{"name": band} for band in bands]
    return _with(
        {
            "type": "Collection",
            "stac_version": "1.0.0",
            "stac_extensions": [
                "https://stac-extensions.github.io/datacube/v2.2.0/schema.json",
                "https://stac-extensions.github.io/eo/v1.1.0/schema.json",
            ],
            "id": collection_id,
            "title": f"The collection {collection_id}",
            "description": f"All that there is of {collection_id}.",
            "license": "proprietary",
            "extent": {
                "spatial": {"bbox": [list(bbox)]},
                "temporal": {"interval": [list(interval)]},
            },
            "links": [{"rel": "license", "href": "https://terms.example/licence"}],
            "cube:dimensions": dimensions,
            "summaries": summaries,
        },
        fields,
        more,
    )


def parameter(name: str, kind: str = "number", **more: Any) -> Document:
    """A required parameter of a process."""
    return _with({"name": name, "description": name, "schema": {"type": kind}}, more)


def process(
    process_id: str = "add",
    *,
    parameters: Iterable[Document | str] = ("x", "y"),
    returns: str = "number",
    fields: Mapping[str, Any] = MappingProxyType({}),
    **more: Any,
) -> Document:
    """A pre-defined process; parameters may be given as names of required numbers."""
    return _with(
        {
            "id": process_id,
            "summary": f"Does {process_id}",
            "description": f"Applies {process_id} to its parameters.",
            "categories": ["math"],
            "parameters": [parameter(p) if isinstance(p, str) else p for p in parameters],
            "returns": {"description": "The outcome.", "schema": {"type": returns}},
        },
        fields,
        more,
    )


def endpoint(path: str, *methods: str) -> Document:
    """An endpoint in capabilities."""
    return {"path": path, "methods": list(methods or ("GET",))}


def capabilities(
    api_version: str = "1.2.0",
    *,
    endpoints: Iterable[Document | str] = ("/collections", "/processes", "/jobs"),
    fields: Mapping[str, Any] = MappingProxyType({}),
    **more: Any,
) -> Document:
    """The answer of `GET /`; endpoints may be given as paths that only take GET."""
    return _with(
        {
            "api_version": api_version,
            "backend_version": "0.1",
            "stac_version": "1.0.0",
            "type": "Catalog",
            "conformsTo": [f"https://api.openeo.org/{api_version}"],
            "id": "backend",
            "title": "A backend",
            "description": "Some backend.",
            "endpoints": [endpoint(e) if isinstance(e, str) else e for e in endpoints],
            "links": [],
        },
        fields,
        more,
    )


def file_format(*gis_data_types: str, **more: Any) -> Document:
    """A file format, of rasters unless told otherwise."""
    return _with({"gis_data_types": list(gis_data_types or ("raster",)), "parameters": {}}, more)


def file_formats(output: Mapping[str, Any], input_: Mapping[str, Any] | None = None) -> Document:
    """The answer of `GET /file_formats`."""
    return {"input": dict(input_ or {}), "output": dict(output)}


def udf_runtime(*versions: str, default: Any = None, **more: Any) -> Document:
    """A programming language as UDF runtime; by default its last version is the default."""
    known = versions or ("3.11",)
    return _with(
        {
            "type": "language",
            "default": known[-1] if default is None else default,
            "versions": {version: {"libraries": {}} for version in known},
        },
        more,
    )


def service_type(**more: Any) -> Document:
    """A type of secondary web services without any setting."""
    return _with({"configuration": {}, "process_parameters": []}, more)


def provider(
    provider_id: str = "egi", issuer: str = "https://aai.example", **more: Any
) -> Document:
    """A provider of OpenID Connect."""
    return _with(
        {"id": provider_id, "issuer": issuer, "title": provider_id, "scopes": ["openid"]}, more
    )


def providers(*listed: Document) -> Document:
    """The answer of `GET /credentials/oidc`."""
    return {"providers": list(listed)}


def frozen(value: Any) -> Any:
    """The same JSON value in a form that raises TypeError at an attempt to change it."""
    if isinstance(value, Mapping):
        return MappingProxyType({key: frozen(item) for key, item in value.items()})
    if isinstance(value, list | tuple):
        return tuple(frozen(item) for item in value)
    return value


def thawed(value: Any) -> Any:
    """The same JSON value in plain objects and arrays."""
    if isinstance(value, Mapping):
        return {key: thawed(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [thawed(item) for item in value]
    return value
