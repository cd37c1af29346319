"""The structure of GeoTIFF files, as the federation and the guide of the Web Editor want it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from scripts.self_review.backend import Backend
from scripts.self_review.checks.results import first_bytes
from scripts.self_review.cubes import Cubes, cubes, files_of
from scripts.self_review.files_read import Tiff
from scripts.self_review.findings import (
    Cause,
    Evidence,
    NotJudgedError,
    Outcome,
    could_not_tell,
    failed,
    judged,
    not_applicable,
    passed,
    shown_answer,
    warned,
)
from scripts.self_review.probe.answer import Answer
from scripts.self_review.registry import check
from scripts.self_review.shared_jobs import assets

BIG = 2_000_000
"""Bytes above which files must have overviews."""
RGB = 3
PACKINGS = {"none", "DEFLATE", "LZW", "PACKBITS", "JPEG", "YCbCr JPEG", "ZSTD", "LERC", "WEBP"}
"""What geotiff.js can unpack."""


def saved(backend: Backend, form: str, *, with_time: bool) -> tuple[Cubes, Answer]:
    """The sample in that format, averaged over time or not; raises NotJudgedError."""
    output = backend.file_formats.get("output")
    names = {str(one).lower(): str(one) for one in output} if isinstance(output, dict) else {}
    if form not in names:
        says = f"The format {form} is not offered (judged by api-45)."
        raise NotJudgedError(not_applicable(says))
    data = cubes(backend)
    nodes = {} if with_time else {"mean": data.mean()}
    key = f"saved as {form}, {'with' if with_time else 'without'} time"
    answer = backend.making.result_once(key, data.sample.saved(names[form], **nodes))
    if not answer.ok:
        says = f"Saving {names[form]} answers {answer.status}."
        raise NotJudgedError(could_not_tell(says, Cause.UNUSABLE, answer))
    return data, answer


def brief(answer: Answer) -> Evidence:
    """A file as evidence: its type and size."""
    return shown_answer(answer, f"{answer.media_type}, {len(answer.body):,} bytes")


def _tiffs(answer: Answer) -> list[Tiff]:
    """The files of an answer, read; raises NotJudgedError with a failure if one is no GeoTIFF."""
    found = [Tiff(body) for body in files_of(answer)]
    bad = [one.problem for one in found if one.problem]
    if bad or not found:
        says = f"What came is no GeoTIFF ({bad[0] if bad else 'no file'})."
        raise NotJudgedError(failed(says, brief(answer)))
    return found


def _one(backend: Backend) -> tuple[Tiff, Evidence]:
    """The mean over time of the sample as GeoTIFF, read; raises NotJudgedError."""
    _, answer = saved(backend, "gtiff", with_time=False)
    return _tiffs(answer)[0], brief(answer)


@check("formats-gtiff-1")
def a_file_holds_one_time_step(backend: Backend) -> Outcome:
    data, answer = saved(backend, "gtiff", with_time=True)
    found = _tiffs(answer)
    bands = max(len(data.sample.bands), 1)
    problems = [f"a file has {one.count} bands, not {bands}" for one in found if one.count > bands]
    good = f"{len(found)} files, each of one time step."
    return judged(problems, good, brief(answer), looked_at=f"{len(found)} files of a time series")


@check("formats-gtiff-2")
def all_bands_are_in_the_file(backend: Backend) -> Outcome:
    data, answer = saved(backend, "gtiff", with_time=False)
    found = _tiffs(answer)
    bands = max(len(data.sample.bands), 1)
    problems = [f"{len(found)} files"] if len(found) > 1 else []
    problems += [f"{one.count} bands, not {bands}" for one in found if one.count != bands]
    return judged(problems, f"One file with {bands} bands.", brief(answer))


@check("formats-gtiff-3")
def the_whole_extent_is_in_the_file(backend: Backend) -> Outcome:
    data, answer = saved(backend, "gtiff", with_time=False)
    found = _tiffs(answer)
    problems = [f"{len(found)} files"] if len(found) > 1 else []
    share = found[0].covers(**data.sample.extent)
    problems += [] if share > 0.98 else [f"only {share:.0%} of the extent is in the file"]
    return judged(problems, f"{share:.0%} of the extent is in one file.", brief(answer))


@check("formats-gtiff-4")
def files_are_cloud_optimized(backend: Backend) -> Outcome:
    found, shown = _one(backend)
    layout = found.layout.get("LAYOUT", "")
    problems = [] if layout == "COG" else [f"the layout is {layout or 'not said'}, not COG"]
    return judged(problems, "GDAL calls it a COG.", shown, looked_at="its layout")


@check("formats-gtiff-5")
def files_follow_the_guide(backend: Backend) -> Outcome:
    _, shown = _one(backend)
    return passed("A GeoTIFF is written; its details are judged by 5a to 5h.", shown)


@check("formats-gtiff-5a")
def files_can_be_read_in_browsers(backend: Backend) -> Outcome:
    found, shown = _one(backend)
    packing = str(found.layout.get("COMPRESSION", "none"))
    problems = [] if packing in PACKINGS else [f"geotiff.js cannot unpack {packing}"]
    odd = [one for one in found.dtypes if "complex" in one or one in {"int64", "uint64"}]
    problems += [f"the data type {one} cannot be read" for one in odd[:1]]
    return judged(problems, f"{found.dtypes[0]}, {packing}.", shown)


@check("formats-gtiff-5b")
def files_can_be_read_in_parts(backend: Backend) -> Outcome:
    answer = _first_asset(backend)
    problems = [] if answer.status == 206 else [f"a request for 1024 bytes answers {answer.status}"]
    return judged(problems, "Ranges are served.", brief(answer))


@check("formats-gtiff-5c")
def web_pages_can_read_files(backend: Backend) -> Outcome:
    answer = _first_asset(backend)
    allowed = answer.headers.get("Access-Control-Allow-Origin", "")
    exposed = answer.headers.get("Access-Control-Expose-Headers", "").lower()
    problems = [] if allowed else ["no Access-Control-Allow-Origin"]
    problems += [] if "range" in exposed or exposed == "*" else ["no range header is exposed"]
    shown = Evidence(answer.request, f"{answer.status} {allowed}; exposes {exposed or 'nothing'}")
    return judged(problems, "They can.", shown)


def _first_asset(backend: Backend) -> Answer:
    named = assets(backend)
    address = next((str(one["href"]) for one in named.values() if "href" in one), None)
    if address is None:
        says = "No asset has an address (judged by api-869)."
        raise NotJudgedError(could_not_tell(says, Cause.UNUSABLE))
    return first_bytes(backend, address)


@check("formats-gtiff-5d")
def large_files_have_overviews(backend: Backend) -> Outcome:
    found, shown = _one(backend)
    if found.size < BIG:
        return not_applicable(f"The file has {found.size:,} bytes; overviews are for larger ones.")
    tile = found.blocks[0]
    problems = [] if all(found.overviews) else ["it has no overviews"]
    problems += [] if all(128 <= one <= 512 for one in tile) else [f"tiles of {tile}"]
    return judged(problems, f"Overviews {found.overviews[0]}, tiles {tile}.", shown)


@check("formats-gtiff-5e")
def nodata_and_projection_are_stored(backend: Backend) -> Outcome:
    found, shown = _one(backend)
    problems = [] if found.crs is not None else ["no projection"]
    masked = found.nodata is not None or "per_dataset" in found.mask or "alpha" in found.mask
    problems += [] if masked else ["no no-data value"]
    return judged(problems, f"{found.crs}, no-data {found.nodata}.", shown)


@check("formats-gtiff-5f")
def bands_have_names_and_statistics(backend: Backend) -> Outcome:
    found, shown = _one(backend)
    problems = []
    for number, tags in enumerate(found.tags, 1):
        missing = [one for one in ("STATISTICS_MINIMUM", "STATISTICS_MAXIMUM") if one not in tags]
        missing += [] if found.descriptions[number - 1] else ["name"]
        problems += [f"band {number}: no {', '.join(missing)}"] if missing else []
    return judged(problems, "Each has a name, minimum and maximum.", shown)


@check("formats-gtiff-5g")
def the_photometric_interpretation_fits(backend: Backend) -> Outcome:
    found, shown = _one(backend)
    good = found.colors[0] in {"gray", "undefined"} or found.count >= RGB
    problems = [] if good else [f"{found.count} bands are said to be {', '.join(found.colors)}"]
    return judged(problems, f"{', '.join(found.colors)}.", shown)


@check("formats-gtiff-5h")
def assets_say_what_is_in_files(backend: Backend) -> Outcome:
    named = {key: one for key, one in assets(backend).items() if "tiff" in str(one.get("type", ""))}
    if not named:
        return not_applicable("The results of the job have no GeoTIFF.")
    problems = [f"{key}: {said}" for key, one in named.items() if (said := _silent(one))]
    shown = Evidence("GET /jobs/{job_id}/results", ", ".join(named))
    if problems:
        return warned(f"{problems[0]}.", shown)
    return passed("Bands, statistics, projection and type are said.", shown)


def _silent(asset: Mapping[str, Any]) -> str:
    bands = asset.get("bands") or asset.get("eo:bands") or asset.get("raster:bands")
    missing = [] if isinstance(bands, list) and bands else ["bands"]
    text = str(asset)
    missing += [one for one in ("statistics", "nodata") if one not in text]
    missing += [] if any(str(key).startswith("proj:") for key in asset) else ["projection"]
    missing += [] if "application=geotiff" in str(asset.get("type")) else ["application=geotiff"]
    return f"no {', '.join(missing)}" if missing else ""
