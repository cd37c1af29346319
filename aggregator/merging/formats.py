"""File formats, for reading and for writing; names in any case are the same format."""

from collections.abc import Mapping, Sequence
from typing import Any

from aggregator.documents import JsonObject
from aggregator.merging.fields import (
    OFFERED,
    Parts,
    Place,
    Rule,
    backends_of,
    links,
    union_of,
    unite,
)
from aggregator.merging.named import documents_in, merge_named
from aggregator.merging.notes import Merged, Notebook
from aggregator.merging.parameters import resource_parameters

OFFICIAL_NAMES: Mapping[str, str] = {
    name.casefold(): name
    for name in (
        "COG",
        "CovJSON",
        "CSV",
        "ESRI Shapefile",
        "FlatGeobuf",
        "GeoJSON",
        "GML",
        "GPKG",
        "GTiff",
        "HDF5",
        "JP2OpenJPEG",
        "JPEG",
        "JSON",
        "KML",
        "netCDF",
        "Parquet",
        "PNG",
        "WEBP",
        "Zarr",
    )
}
"""Names as GDAL and openEO write them."""

DIRECTIONS = ("input", "output")
GIS_DATA_TYPES = ("raster", "vector", "table", "pointcloud", "other")

_FIELDS: dict[str, Rule] = {
    **OFFERED,
    "gis_data_types": union_of(lambda kind: kind in GIS_DATA_TYPES, "a type of GIS data"),
    "parameters": resource_parameters,
}


def merge_file_formats(
    by_backend: Mapping[str, JsonObject], *, order: Sequence[str]
) -> Merged[dict[str, Any]]:
    """Merge the backends' file formats: `input` and `output`, each name to merged format.

    Every format says who has it. Formats without `gis_data_types` or `parameters`, which
    the specification requires, get empty ones.
    """
    notebook = Notebook()
    documents = documents_in(by_backend, order, notebook, "file_formats")
    place = Place(notebook, ("file_formats",), backends_of(documents))
    for part in documents:
        if not any(direction in part.value for direction in DIRECTIONS):
            place.note("document-unusable", (part.backend,), found="neither input nor output")
    merged = unite(documents, place, {**dict.fromkeys(DIRECTIONS, _formats), "links": links})
    for direction in DIRECTIONS:
        merged.setdefault(direction, {})
    return Merged(merged, notebook.notes)


def _formats(parts: Parts, place: Place) -> Any:
    return merge_named(parts, place, OFFICIAL_NAMES, _format)


def _format(parts: Parts, place: Place) -> dict[str, Any]:
    united = unite(parts, place, _FIELDS)
    united.setdefault("gis_data_types", [])
    united.setdefault("parameters", {})
    return united
