"""Users' own code in process graphs: run_udf.

Ours: the library runs the code in its own process and loses the names of dimensions and
bands. Specification: openEO processes 2.0.0-rc.1; the code's interface is that of
`openeo.udf` of the openEO Python client.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

import numpy as np
import xarray as xr

from backends.environment import Environment
from backends.errors import OpenEOError, located
from backends.processes.cubes import Cube, dimension_type, labels, rebuilt
from backends.processes.declaration import implements
from backends.processes.frames import Frame, current_frame
from backends.processes.storage import as_saved
from backends.processes.values import Array, Relabeled, invalid, is_field, is_lazy, lazy, stack
from backends.udf.runner import Answer, Udf, UdfLimits
from backends.udf.runtimes import check_runtime

BLOCK_BYTES: Final = 32 * 2**20
"""How much of a cube the code is given at once, where it is free to choose."""
MAX_WHOLE: Final = 256 * 2**20
"""How large a cube the code may be given as a whole."""
_SPATIAL: Final = frozenset({"x", "y", "lon", "lat", "longitude", "latitude"})
_MAX_CODE: Final = 1_000_000


@implements("run_udf")
def run_udf(
    data: Any,
    udf: str,
    runtime: str,
    version: str | None = None,
    context: Any = None,
    *,
    environment: Environment,
) -> Any:
    """What the user's Python code makes of the data, in a confined process.

    In a callback the code is given the cube around its values, with dimensions and labels:
    all bands and dates at once, images in parts. It gives a cube of the same dimensions, in
    a reducer one without the reduced dimension (or with one label in it). A cube is given as
    a whole (up to 256 MB), a plain value as structured data. Raises `InvalidRuntime`,
    `InvalidVersion`, `ProcessParameterInvalid` where the code fails.
    """
    check_runtime(runtime, version)
    limits = UdfLimits(environment.limits.udf_seconds, environment.limits.udf_memory)
    source, given = _source(udf, environment), context or {}
    # Windows of one process share the process of the code.
    key = repr((environment.execution, source, given))
    code = Udf(source, given, limits, _projection(data), key)
    environment.at_end(code.close)
    caller = _Caller(code, environment.log, environment.place)
    if isinstance(data, xr.DataArray):
        return caller.on_whole(data)
    values = _values(data)
    frame = current_frame()
    if is_field(values):
        return caller.on_field(values, _fitting(values, frame))
    return caller.on_data(as_saved(data))


def _source(udf: str, environment: Environment) -> str:
    """The code itself, wherever it is."""
    if "\n" in udf or "\r" in udf:
        return udf
    if udf.casefold().startswith(("http://", "https://")):
        content = environment.fetch(udf)
    else:
        content = environment.user_file(udf).read_bytes()
    if len(content) > _MAX_CODE:
        raise invalid("udf", f"is code of more than {_MAX_CODE} bytes.")
    try:
        return content.decode()
    except UnicodeDecodeError:
        raise invalid("udf", "leads to a file that is no text.") from None


def _projection(data: Any) -> Mapping[str, Any] | None:
    frame = current_frame()
    cube = data if isinstance(data, xr.DataArray) else (frame.cube if frame else None)
    crs = None if cube is None else cube.rio.crs
    code = crs.to_epsg() if crs is not None else None
    return {"EPSG": code} if code else None


def _values(data: Any) -> Any:
    if isinstance(data, Array):
        return data.values if data.values.dtype != object else data
    if isinstance(data, list | tuple) and any(is_field(item) for item in data):
        return stack(data)
    return data


def _fitting(values: Any, frame: Frame | None) -> Frame:
    """The cube around the values; one without names where they are no longer the cube's."""
    if frame is not None and frame.cube.shape == values.shape:
        return frame
    names = [f"dim_{axis}" for axis in range(values.ndim)]
    return Frame(xr.DataArray(values, dims=names), names[0] if names else None, dropped=True)


def _unheard(_level: str, _message: str) -> None:
    """Logs of another machine, which has no way to tell them."""


class _Caller:
    """Calls the code for a field or a cube and judges what it gives.

    It travels with the work to other machines, where the logs cannot follow. What fails in
    a part that is computed later still has its place in the process graph.
    """

    def __init__(self, code: Udf, log: Callable[[str, str], None], place: str) -> None:
        self._code = code
        self._log = log
        self._place = place

    def __reduce__(self) -> tuple[Any, ...]:
        return _Caller, (self._code, _unheard, self._place)

    def on_data(self, data: Any) -> Any:
        """A plain value."""
        answer = self._code.on_data(data)
        self._tell(answer)
        if isinstance(answer.value, xr.DataArray):
            return Array(answer.value.values)
        return answer.value

    def on_whole(self, cube: Cube) -> Any:
        """A cube at once; what the code gives is taken as it is."""
        if cube.nbytes > MAX_WHOLE:
            raise invalid(
                "data",
                f"is a cube of {cube.nbytes} bytes; a UDF is given at most {MAX_WHOLE} at once. "
                "Run it in apply, apply_dimension, reduce_dimension or apply_neighborhood.",
            )
        answer = self._code.on_cube(_ordered(cube.compute()))
        self._tell(answer)
        if not isinstance(answer.value, xr.DataArray):
            return answer.value
        return _restored(answer.value, cube)

    def on_field(self, values: Any, frame: Frame) -> Any:
        """The values of a frame: a field of the same pixels, or an array along a dimension."""
        cube = rebuilt(values, frame.cube.dims, frame.cube.coords, frame.cube)
        if not is_lazy(values):
            result = self._on_block(cube, frame)
            return _given(result.values, _new_labels(result, frame), frame)
        parted = values.rechunk(_parts(cube, frame), block_size_limit=BLOCK_BYTES)
        kind = values.dtype if values.dtype.kind == "f" else np.dtype(np.float32)
        chunks, chosen = self._outcome(parted, cube, frame)

        def on_part(block: Any, block_info: Any = None) -> Any:
            where = block_info[0]["array-location"]
            part = cube[tuple(slice(*edges) for edges in where)]
            part = rebuilt(np.asarray(block), part.dims, part.coords, cube)
            try:
                return self._on_block(part, frame).values.astype(kind, copy=False)
            except OpenEOError as error:
                raise located(error, self._place) from error

        field = parted.map_blocks(
            on_part,
            dtype=kind,
            chunks=chunks,
            drop_axis=[0] if frame.dropped else [],
            meta=np.empty((0,) * (values.ndim - frame.dropped), kind),
        )
        return _given(field, chosen, frame)

    def _outcome(self, parted: Any, cube: Cube, frame: Frame) -> tuple[Any, Any]:
        """The chunks that the result has, and its labels if they are new ones.

        How long a dimension becomes is known only by running the code on a first part.
        """
        if frame.dropped:
            return parted.chunks[1:], None
        if frame.dimension is None:
            return parted.chunks, None
        first = parted.blocks[(0,) * parted.ndim]
        part = cube[tuple(slice(0, size) for size in first.shape)]
        result = self._on_block(rebuilt(first.compute(), part.dims, part.coords, cube), frame)
        return ((result.shape[0],), *parted.chunks[1:]), _new_labels(result, frame)

    def _on_block(self, cube: Cube, frame: Frame) -> Cube:
        """The result for one part, its axes in the order that the process expects."""
        answer = self._code.on_cube(_ordered(cube))
        self._tell(answer)
        result = answer.value
        if not isinstance(result, xr.DataArray):
            raise invalid("udf", "is code that gives no data cube.")
        if frame.dropped and frame.dimension in result.dims:
            if result.sizes[frame.dimension] != 1:
                raise invalid("udf", f"is code that must reduce the dimension '{frame.dimension}'.")
            result = result.isel({frame.dimension: 0}, drop=True)
        wanted = cube.dims[1:] if frame.dropped else cube.dims
        _check_shape(result, cube, wanted, frame)
        return result.transpose(*wanted)

    def _tell(self, answer: Answer) -> None:
        for level, text in answer.told:
            self._log(level if level in {"error", "warning", "debug"} else "info", f"UDF: {text}")


def _ordered(cube: Cube) -> Cube:
    """The cube as users' code expects it: time, bands, others, y, x."""
    ranks = {"temporal": 0, "bands": 1, "other": 2, "spatial": 3}
    order = sorted(
        range(cube.ndim), key=lambda axis: ranks.get(dimension_type(cube, cube.dims[axis]), 2)
    )
    names = [cube.dims[axis] for axis in order]
    spatial = [name for name in names if str(name).casefold() in _SPATIAL]
    if len(spatial) == 2 and str(spatial[0]).casefold() in {"x", "lon", "longitude"}:
        names[-2:] = spatial[::-1]
    return cube.transpose(*names)


def _parts(cube: Cube, frame: Frame) -> dict[int, Any]:
    """Images in parts, all else as a whole."""
    free = _SPATIAL - {frame.dimension}
    return {
        axis: "auto" if str(name).casefold() in free else -1 for axis, name in enumerate(cube.dims)
    }


def _check_shape(result: Cube, cube: Cube, wanted: Any, frame: Frame) -> None:
    if set(result.dims) != set(wanted):
        raise OpenEOError(
            "DataCubePropertiesImmutable",
            f"The UDF must give the dimensions {', '.join(map(str, wanted))}, "
            f"not {', '.join(map(str, result.dims)) or 'none'}.",
        )
    for name in wanted:
        if name != frame.dimension and result.sizes[name] != cube.sizes[name]:
            raise OpenEOError(
                "DataCubePropertiesImmutable",
                f"The UDF must keep the {cube.sizes[name]} labels of the dimension '{name}', "
                f"not give {result.sizes[name]}.",
            )


def _new_labels(result: Cube, frame: Frame) -> Any:
    """The labels along the dimension if the code has changed them."""
    name = frame.dimension
    if name is None or frame.dropped or name not in result.coords:
        return None
    given = tuple(result.coords[name].values)
    old = frame.cube.coords[name].values if name in frame.cube.coords else ()
    return None if np.array_equal(given, old) else given


def _given(values: Any, chosen: Any, frame: Frame) -> Any:
    if frame.dimension is None or frame.dropped:
        return values
    if chosen is not None:
        return Relabeled(values, chosen)
    same = values.shape[0] == frame.cube.sizes[frame.dimension]
    return Array(values, labels(frame.cube, frame.dimension) if same else None)


def _restored(result: Cube, cube: Cube) -> Cube:
    """The code's cube with what it cannot know: CRS, attributes, types of dimensions."""
    values = result.data.astype(np.float32) if result.dtype.kind != "f" else result.data
    order = [name for name in cube.dims if name in result.dims]
    coords = {
        name: item.assign_attrs(cube.coords[name].attrs) if name in cube.coords else item
        for name, item in result.coords.items()
    }
    for name, item in cube.coords.items():
        if not item.dims and name not in coords:
            coords[name] = item
    whole = rebuilt(lazy.asarray(values), result.dims, coords, cube)
    return whole.transpose(*order, ...)
