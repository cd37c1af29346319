"""The process of a user's code: confined first, then it answers messages until they end.

Started by `backends.udf.runner` as `python -I -m backends.udf.child FOLDER MEMORY SECONDS
BYTES`. Requests come on standard input, answers go to standard output; whatever the code
prints is caught and goes into the answer.
"""

from __future__ import annotations

import contextlib
import io
import logging
import os
import sys
import traceback
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, Final

from backends.udf import messages, sandbox

_MAX_PRINTED: Final = 10_000
_SOURCE: Final = "<string>"


def main(arguments: list[str]) -> int:
    """Confine this process, then run what is asked for."""
    folder, memory, seconds, file_bytes = arguments
    source, sink = _pipes()
    sys.path[:] = [path for path in sys.path if _is_library(path)]
    sandbox.confine(
        Path(folder), memory=int(memory), seconds=int(seconds), file_bytes=int(file_bytes)
    )
    messages.write(sink, {"ready": True})
    with contextlib.suppress(EOFError, BrokenPipeError):  # who asked has gone
        while True:
            header, body = messages.read(_reader(source), sys.maxsize)
            messages.write(sink, *_answer(header, body))
    return 0


def _pipes() -> tuple[IO[bytes], IO[bytes]]:
    """The two pipes, moved away from where programs read and print."""
    source, sink = os.fdopen(os.dup(0), "rb"), os.fdopen(os.dup(1), "wb")
    nothing = os.open(os.devnull, os.O_RDWR)
    for number in (0, 1, 2):
        os.dup2(nothing, number)
    return source, sink


def _is_library(path: str) -> bool:
    return any(path == folder or path.startswith(f"{folder}/") for folder in sandbox.libraries())


def _reader(source: IO[bytes]) -> messages.Read:
    def read(count: int) -> bytes:
        data = source.read(count)
        if len(data) < count:
            raise EOFError
        return data

    return read


def _answer(header: dict[str, Any], body: bytes) -> tuple[dict[str, Any], Any]:
    with _told() as told:
        try:
            answer, values = _run(header, body)
        # The boundary to foreign code: whatever it raises is told to its author.
        except BaseException as error:  # noqa: BLE001
            answer, values = {"error": _explained(error)}, b""
    return {**answer, "told": told}, values


@contextlib.contextmanager
def _told() -> Iterator[list[tuple[str, str]]]:
    """What is printed and logged meanwhile, with levels."""
    told: list[tuple[str, str]] = []

    class Handler(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            text = f"{record.getMessage()} {getattr(record, 'data', None) or ''}".strip()
            told.append((record.levelname.lower(), text[:_MAX_PRINTED]))

    handler = Handler(logging.DEBUG)
    user = logging.getLogger("openeo.udf.debug.user")
    user.setLevel(logging.DEBUG)
    user.addHandler(handler)
    printed = io.StringIO()
    try:
        with contextlib.redirect_stdout(printed), contextlib.redirect_stderr(printed):
            yield told
    finally:
        user.removeHandler(handler)
        if text := printed.getvalue().strip():
            told.append(("info", text[:_MAX_PRINTED]))


class _NoFunctionError(Exception):
    """The code has nothing that can be called."""


def _explained(error: BaseException) -> str:
    """The kind and message of an error, with the line of the code that led to it."""
    lines = [
        frame.lineno
        for frame in traceback.extract_tb(error.__traceback__)
        if frame.filename == _SOURCE
    ]
    if isinstance(error, SyntaxError) and error.filename == _SOURCE:
        lines = [error.lineno]
    if isinstance(error, _NoFunctionError):
        return str(error)
    place = f" (line {lines[-1]})" if lines else ""
    return f"{type(error).__name__}: {error}"[:2000] + place


_NO_FUNCTION: Final = (
    "it has no function that can be called. Define `apply_datacube(cube: xarray.DataArray, "
    "context: dict) -> xarray.DataArray` with these names and type hints, or another one that the "
    "openEO Python client documents"
)


def _run(header: dict[str, Any], body: bytes) -> tuple[dict[str, Any], Any]:
    from openeo.udf import OpenEoUdfException
    from openeo.udf.run_code import run_udf_code
    from openeo.udf.structured_data import StructuredData
    from openeo.udf.udf_data import UdfData
    from openeo.udf.xarraydatacube import XarrayDataCube

    data = UdfData(proj=header.get("proj") or {}, user_context=header["context"] or {})
    if "data" in header:
        data.set_structured_data_list([StructuredData(header["data"])])
    else:
        data.set_datacube_list([XarrayDataCube(_cube(header, body))])
    try:
        return _taken(run_udf_code(header["code"], data))
    except OpenEoUdfException as error:
        if "No UDF found" in str(error):
            raise _NoFunctionError(_NO_FUNCTION) from error
        raise


def _cube(header: dict[str, Any], body: bytes) -> Any:
    import numpy as np
    import xarray as xr

    values = np.frombuffer(body, dtype=header["dtype"]).reshape(header["shape"]).copy()
    coords = {name: messages.labels(listed) for name, listed in header["coords"].items()}
    return xr.DataArray(values, dims=header["dims"], coords=coords, name="openEODataChunk")


def _taken(data: Any) -> tuple[dict[str, Any], Any]:
    """What the code left in its data: a cube, or structured data."""
    import numpy as np

    cubes = data.get_datacube_list() or []
    if len(cubes) == 1:
        array = cubes[0].get_array()
        values = np.asarray(array.values, order="C")
        if values.dtype.kind not in "iufb":
            raise TypeError(f"the cube must hold numbers, not {values.dtype}")
        coords = {str(d): array.coords[d].values for d in array.dims if d in array.coords}
        shape = {"shape": list(values.shape), "dtype": values.dtype.str}
        # Arrays without elements have no bytes to be viewed.
        flat = values.reshape(-1) if values.size else b""
        return {**messages.described([str(d) for d in array.dims], coords), **shape}, flat
    structured = data.get_structured_data_list() or []
    if len(structured) == 1:
        return {"data": structured[0].data}, b""
    raise ValueError("the UDF must give one data cube (or structured data), not several or none")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
