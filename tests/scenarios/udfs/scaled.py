"""Adds to a cube what its context says, and tells of it at every level."""

from openeo.udf.debug import inspect
from openeo.udf.xarraydatacube import XarrayDataCube


def apply_datacube(cube: XarrayDataCube, context: dict[str, float]) -> XarrayDataCube:
    """The values with `context["offset"]` added."""
    array = cube.get_array()
    for level in ("debug", "info", "warning", "error"):
        inspect(data=list(array.shape), message=f"a {level} of the UDF", level=level)
    return XarrayDataCube(array + context["offset"])
