"""GET /file_formats: what can be read and written."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from scripts.self_review.backend import Backend, Entry
from scripts.self_review.findings import (
    Cause,
    Evidence,
    Outcome,
    could_not_tell,
    failed,
    judged,
    passed,
    shown_answer,
    some,
    warned,
)
from scripts.self_review.lists import public
from scripts.self_review.probe.answer import NotJsonError
from scripts.self_review.registry import check

PATH = "/file_formats"
AGREED = {"GeoTIFF": "gtiff", "netCDF": "netcdf"}
GDAL = """
AAIGrid ADRG AmigoCloud Arrow AVIF BAG BMP CAD Carto COG CSV DAAS DGN DIMAP DTED DXF ECW
EDIGEO EEDA EHdr ENVI ERS ESRIJSON ESRI_Shapefile FITS FlatGeobuf GeoJSON GeoJSONSeq GeoRSS
GIF GML GMLAS GPKG GPX GRIB GTFS GTI GTiff HDF4 HDF5 HEIF HFA HTTP ISCE JML JP2ECW JP2KAK
JP2OpenJPEG JPEG JPEGXL JSONFG KEA KML KMLSUPEROVERLAY LERC LIBKML LVBAG MapInfo MBTiles MVT
netCDF NITF ODS OGCAPI OpenFileGDB Parquet PCIDSK PCRaster PDF PDS4 PMTiles PNG PostgreSQL
RAW RMF SAFE SENTINEL2 SQLite SRTMHGT STACIT STACTA SVG TileDB TopoJSON USGSDEM VICAR VRT
WebP WCS WFS WMS WMTS XLSX XYZ Zarr
"""
"""Short names of GDAL's drivers (an underscore stands for a blank)."""
OTHERWISE = {
    "geotiff": "GTiff",
    "tiff": "GTiff",
    "tif": "GTiff",
    "geotif": "GTiff",
    "cloudoptimizedgeotiff": "COG",
    "nc": "netCDF",
    "netcdf4": "netCDF",
    "jpg": "JPEG",
    "geoparquet": "Parquet",
    "apacheparquet": "Parquet",
    "geopackage": "GPKG",
    "shapefile": "ESRI Shapefile",
    "shp": "ESRI Shapefile",
    "jpeg2000": "JP2OpenJPEG",
    "jp2": "JP2OpenJPEG",
    "geozarr": "Zarr",
    "flatgeobuf": "FlatGeobuf",
    "hdf": "HDF5",
    "gribfile": "GRIB",
}
"""Names, in small letters and digits, that people use for what GDAL calls otherwise."""


@check("api-40")
def the_formats_are_valid(backend: Backend) -> Outcome:
    answer = backend.get(PATH)
    if answer.status in {401, 403}:
        return could_not_tell("It wants a login (judged by api-41).", Cause.UNUSABLE, answer)
    if not answer.ok:
        return failed(f"It answers {answer.status}.", answer)
    try:
        document = answer.object()
    except NotJsonError as error:
        return failed(f"{error}.", answer)
    problems = [
        f"no object {key}" for key in ("input", "output") if not isinstance(document.get(key), dict)
    ]
    sizes = ", ".join(f"{len(_formats(document, key))} {key}" for key in ("input", "output"))
    return judged(problems, "It has input and output.", shown_answer(answer, sizes))


@check("api-41")
def anybody_may_read_them(backend: Backend) -> Outcome:
    return public(backend.get(PATH))


@check("api-43")
def something_can_be_written(backend: Backend) -> Outcome:
    names = list(_formats(backend.file_formats, "output"))
    shown = Evidence(f"GET {backend.root}{PATH}", f"output: {', '.join(names)}")
    problems = [] if names else ["no output format is listed"]
    return judged(problems, f"{len(names)} formats can be written.", shown)


@check("api-44")
def names_are_those_of_gdal(backend: Backend) -> Outcome:
    known = {one.replace("_", " ").lower() for one in GDAL.split()}
    problems = []
    for name in _all(backend):
        right = OTHERWISE.get(re.sub(r"[^a-z0-9]", "", name.lower()))
        if name.lower() not in known and right is not None:
            problems.append(f"{name} is called {right} by GDAL")
    hint = "Use GDAL's short names as keys; titles may say anything."
    return judged(problems, "All names that GDAL knows are GDAL's.", _names(backend), hint=hint)


@check("api-45")
def agreed_formats_have_agreed_names(backend: Backend) -> Outcome:
    output = {name.lower() for name in _formats(backend.file_formats, "output")}
    problems = [
        f"{title} is not offered as an output format {key!r}"
        for title, key in AGREED.items()
        if key not in output
    ]
    if not output:
        return could_not_tell("No output format is listed (judged by api-43).", Cause.UNUSABLE)
    if problems:
        hint = "Offer GTiff and netCDF by these names."
        return failed(some(problems), _names(backend), hint=hint)
    return _compared(backend)


def _compared(backend: Backend) -> Outcome:
    """The parameters of the agreed formats beside those of the federation."""
    other = (backend.options.federation or {}).get("file_formats")
    mine = _formats(backend.file_formats, "output")
    listed = "; ".join(
        f"{name}: {', '.join(_parameters(one)) or 'no parameters'}"
        for name, one in mine.items()
        if name.lower() in AGREED.values()
    )
    if not isinstance(other, Mapping):
        says = "Both are offered; no list of parameters has been agreed on in public."
        return passed(f"{says} Here: {listed}.", looked_at="names; parameters are for comparison")
    theirs = {name.lower(): _parameters(one) for name, one in _formats(other, "output").items()}
    differing = [
        f"{name} has {', '.join(own) or 'no parameters'}, the federation {', '.join(known)}"
        for name, one in mine.items()
        if (known := theirs.get(name.lower())) and not set(own := _parameters(one)) & set(known)
    ]
    if differing:
        return warned(f"No parameter in common: {some(differing)}")
    return passed(f"Names and parameters are like the federation's. Here: {listed}.")


@check("formats-align")
def formats_are_aligned(backend: Backend) -> Outcome:
    if backend.options.federation is None:
        says = "Its parameters have to be compared with those of the federation (--federation)."
        return could_not_tell(says, Cause.STATEMENT)
    return _compared(backend)


@check("api-47")
def formats_are_described(backend: Backend) -> Outcome:
    return _each(backend, lambda one: _lacking(one, ("description",)))


@check("api-48")
def formats_say_their_data_types(backend: Backend) -> Outcome:
    return _each(backend, _undefined)


@check("api-49")
def formats_have_titles(backend: Backend) -> Outcome:
    return _each(backend, lambda one: _lacking(one, ("title", "description")))


def _undefined(one: Entry) -> str:
    missing = [] if isinstance(one.get("gis_data_types"), list) else ["gis_data_types"]
    missing += [] if isinstance(one.get("parameters"), dict) else ["parameters"]
    return f"no {' and no '.join(missing)}" if missing else ""


def _lacking(one: Entry, keys: tuple[str, ...]) -> str:
    missing = [key for key in keys if not isinstance(one.get(key), str) or not one[key]]
    return f"no {' and no '.join(missing)}" if missing else ""


def _each(backend: Backend, problem: Callable[[Entry], str]) -> Outcome:
    found = {
        (key, name): one
        for key in ("input", "output")
        for name, one in _formats(backend.file_formats, key).items()
    }
    problems = [f"{n} ({key}): {said}" for (key, n), one in found.items() if (said := problem(one))]
    return judged(problems, "Each has it.", _names(backend), looked_at=f"{len(found)} formats")


def _names(backend: Backend) -> Evidence:
    return Evidence(f"GET {backend.root}{PATH}", ", ".join(_all(backend)))


def _all(backend: Backend) -> list[str]:
    found = [name for key in ("input", "output") for name in _formats(backend.file_formats, key)]
    return list(dict.fromkeys(found))


def _formats(document: Mapping[str, object], key: str) -> dict[str, Entry]:
    found = document.get(key)
    entries = found.items() if isinstance(found, dict) else []
    return {str(name): one if isinstance(one, dict) else {} for name, one in entries}


def _parameters(one: Entry) -> list[str]:
    found = one.get("parameters")
    return sorted(map(str, found)) if isinstance(found, dict) else []
