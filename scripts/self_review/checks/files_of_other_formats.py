"""The structure of netCDF files, as the federation wants it, and of images."""

from __future__ import annotations

from scripts.self_review.backend import Backend
from scripts.self_review.checks.files_written import brief, saved
from scripts.self_review.cubes import Cubes, files_of, needs
from scripts.self_review.files_read import NetCdf, Tiff
from scripts.self_review.findings import (
    NotJudgedError,
    Outcome,
    failed,
    judged,
    not_applicable,
)
from scripts.self_review.probe.answer import Answer
from scripts.self_review.registry import check

CHANNELS = {"png": 4, "jpeg": 3}


def _netcdf(backend: Backend) -> tuple[Cubes, Answer, list[NetCdf]]:
    """The sample as netCDF, read; raises NotJudgedError with a failure if it is none."""
    data, answer = saved(backend, "netcdf", with_time=True)
    found = [NetCdf(body) for body in files_of(answer)]
    bad = [one.problem for one in found if one.problem]
    if bad or not found:
        says = f"What came is no netCDF 4 ({bad[0] if bad else 'no file'})."
        raise NotJudgedError(failed(says, brief(answer)))
    return data, answer, found


@check("formats-netcdf-1")
def the_cube_is_in_one_file(backend: Backend) -> Outcome:
    data, answer, found = _netcdf(backend)
    problems = [f"{len(found)} files"] if len(found) > 1 else []
    one, wanted = found[0], max(len(data.sample.bands), 1)
    layers = sum(shape[0] if len(shape) > 3 else 1 for shape, _, _ in one.variables.values())
    problems += [] if layers >= wanted else [f"{layers} of {wanted} bands are in it"]
    return judged(problems, f"One file with {', '.join(one.variables)}.", brief(answer))


@check("formats-netcdf-2")
def dimensions_survive(backend: Backend) -> Outcome:
    data, answer, found = _netcdf(backend)
    scales = found[0].scales
    bands = data.sample.bands_dimension
    kept = bands in scales or all(one in found[0].variables for one in data.sample.bands)
    problems = [] if data.sample.time in scales else [f"there is no dimension {data.sample.time}"]
    problems += [] if kept or not bands else [f"neither {bands} nor its labels are there"]
    said = ", ".join(f"{key} {shape}" for key, shape in scales.items())
    return judged(problems, f"Dimensions: {said}.", brief(answer))


@check("formats-netcdf-3")
def cf_conventions_are_used(backend: Backend) -> Outcome:
    _, answer, found = _netcdf(backend)
    one = found[0]
    said = one.attributes.get("Conventions", "")
    problems = [] if said.startswith("CF-") else [f"Conventions is {said!r}"]
    timed = any("since" in unit for unit in one.units.values())
    problems += [] if timed else ["no coordinate of time has units as CF wants them"]
    names = sorted({name for name in one.names.values() if name})
    return judged(problems, f"{said}; {', '.join(names) or 'no standard names'}.", brief(answer))


@check("formats-netcdf-4")
def data_are_chunked_and_compressed(backend: Backend) -> Outcome:
    _, answer, found = _netcdf(backend)
    problems = [
        f"{key} is {'not chunked' if chunks is None else 'not compressed'}"
        for key, (_, chunks, packing) in found[0].variables.items()
        if chunks is None or packing is None
    ]
    said = ", ".join(f"{key} {c} {p}" for key, (_, c, p) in found[0].variables.items())
    return judged(problems, f"{said}.", brief(answer))


@check("formats-image-1")
def images_are_for_the_eye(backend: Backend) -> Outcome:
    needs("rasterio")
    seen = [one for form in CHANNELS if (one := _image(backend, form)) is not None]
    if not seen:
        return not_applicable("Neither a PNG nor a JPEG could be made of the sample.")
    problems = [problem for _, problem in seen if problem]
    return judged(problems, f"{'; '.join(said for said, _ in seen)}.", looked_at="one image each")


def _image(backend: Backend, form: str) -> tuple[str, str] | None:
    """What an image is, and what is wrong with it; None where none is made."""
    try:
        _, answer = saved(backend, form, with_time=False)
    except NotJudgedError:
        return None  # not offered, or the sample is not fit for an image
    found = Tiff(files_of(answer)[0])
    if found.problem:
        return form, f"{form}: no image ({found.problem})"
    said = f"{form}: {found.count} bands"
    if found.count > CHANNELS[form]:
        return said, said
    return said, f"{form} is georeferenced" if found.crs is not None else ""
