"""Computing with a small piece of a collection, and reading the rasters that come back."""

from __future__ import annotations

import io
import re
import tarfile
import zipfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final

from scripts.self_review.backend import Backend
from scripts.self_review.findings import (
    Cause,
    NotJudgedError,
    could_not_tell,
    failed,
    shown_answer,
)
from scripts.self_review.graphs import callback, node, of
from scripts.self_review.probe.answer import Answer
from scripts.self_review.sample import Sample, raster_format, sample

if TYPE_CHECKING:
    import numpy as np

MOST_FILES: Final = 40
_IN_MEMORY: Final = re.compile(r"'?/vsimem/[^']*'?")
"""A path that the file has only here."""


@dataclass(frozen=True)
class Raster:
    """A raster that was computed: bands, rows, columns; NaN where there are no data."""

    values: np.ndarray[Any, np.dtype[np.float64]]
    bands: tuple[str, ...]
    crs: str
    pixel: tuple[float, float]
    """Width and height of a pixel, in units of the reference system."""
    bounds: tuple[float, float, float, float]

    @property
    def shape(self) -> tuple[int, ...]:
        return tuple(self.values.shape)

    def is_like(self, other: Raster, factor: float = 1.0, tolerance: float = 1e-4) -> bool:
        """Whether all values are those of the other one, times a factor."""
        import numpy as np

        if self.shape != other.shape:
            return False
        wanted = other.values * factor
        return bool(np.allclose(self.values, wanted, rtol=tolerance, atol=1e-6, equal_nan=True))

    @property
    def has_data(self) -> bool:
        import numpy as np

        return bool(np.isfinite(self.values).any())


class Cubes:
    """Computations with the sample. Each is done once, whichever checks ask for it."""

    def __init__(self, backend: Backend) -> None:
        self.backend = backend
        self.sample: Sample = sample(backend)

    def mean(self) -> Mapping[str, Any]:
        """The node that averages the loaded cube over time."""
        return node(
            "reduce_dimension",
            data=of("load"),
            dimension=self.sample.time,
            reducer=callback("mean"),
        )

    def base(self) -> Raster:
        """The average over time; raises NotJudgedError if not even that can be computed."""
        answer = self.answer("base", mean=self.mean())
        if not answer.ok:
            says = "Not even a mean over time can be computed (judged by api-13)."
            raise NotJudgedError(could_not_tell(says, Cause.UNUSABLE, answer))
        return read(answer)

    def answer(self, key: str, **nodes: Mapping[str, Any]) -> Answer:
        """What it is answered to load, do that, and save a raster."""
        form = raster_format(self.backend)
        process = self.sample.saved(form, **nodes)
        return self.backend.making.result_once(f"cube {key}", process)

    def raster(self, key: str, **nodes: Mapping[str, Any]) -> Raster:
        """The raster that comes; raises NotJudgedError with a failure if none does."""
        answer = self.answer(key, **nodes)
        if not answer.ok:
            raise NotJudgedError(failed(f"{key}: it answers {answer.status}.", answer))
        return read(answer)

    def on_mean(self, key: str, *steps: Mapping[str, Any]) -> Raster:
        """The raster of steps after the mean over time; the first takes the node `mean`."""
        nodes = {f"step{number}": step for number, step in enumerate(steps)}
        return self.raster(key, mean=self.mean(), **nodes)


def cubes(backend: Backend) -> Cubes:
    """The computations of this review; raises NotJudgedError if nothing can be loaded."""
    return backend.once("cubes", lambda: Cubes(backend))


def files_of(answer: Answer) -> list[bytes]:
    """The files of an answer: one, or those of an archive."""
    if answer.media_type in {"application/x-tar", "application/tar"}:
        return list(_of_tar(answer.body))
    if answer.media_type == "application/zip":
        return list(_of_zip(answer.body))
    return [answer.body]


def _of_tar(body: bytes) -> Iterator[bytes]:
    with tarfile.open(fileobj=io.BytesIO(body)) as archive:
        for member in archive.getmembers()[:MOST_FILES]:
            if member.name.lower().endswith((".tif", ".tiff", ".nc")):
                found = archive.extractfile(member)
                if found is not None:
                    yield found.read()


def _of_zip(body: bytes) -> Iterator[bytes]:
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        for name in archive.namelist()[:MOST_FILES]:
            if name.lower().endswith((".tif", ".tiff", ".nc")):
                yield archive.read(name)


def read(answer: Answer) -> Raster:
    """The first raster of an answer; raises NotJudgedError with a failure if it is none."""
    rasterio = needs("rasterio")
    import numpy as np

    shown = shown_answer(answer, f"{answer.media_type}, {len(answer.body):,} bytes")
    try:
        files = files_of(answer)
        with rasterio.MemoryFile(files[0]) as memory, memory.open() as found:
            values = found.read(masked=True).astype("float64").filled(np.nan)
            names = tuple(one or "" for one in found.descriptions)
            pixel = (abs(found.transform.a), abs(found.transform.e))
            crs = str(found.crs or "")
            return Raster(values, names, crs, pixel, tuple(found.bounds))
    except (
        rasterio.errors.RasterioError,
        tarfile.TarError,
        zipfile.BadZipFile,
        IndexError,
    ) as error:
        says = f"What came is no raster ({why_unreadable(error)})."
        raise NotJudgedError(failed(says, shown)) from error


def why_unreadable(error: Exception) -> str:
    """What the library says of a file, in a line, without where it lay for the reading."""
    return _IN_MEMORY.sub("it", " ".join(str(error).split()))[:120]


def needs(package: str) -> Any:
    """A package of the extra `review`; raises NotJudgedError where it is not installed."""
    import importlib

    try:
        return importlib.import_module(package)
    except ImportError as error:
        says = f"Reading the files needs {package}, which is not installed."
        hint = "Install it in a clone of openeo-federation: pip install '.[review]'"
        raise NotJudgedError(could_not_tell(says, Cause.LIMIT, hint=hint)) from error
