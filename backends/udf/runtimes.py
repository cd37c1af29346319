"""Which languages user-defined functions can be written in. Light."""

from __future__ import annotations

import platform
from collections.abc import Mapping
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from typing import Any, Final

from backends.errors import OpenEOError
from backends.udf.sandbox import is_confinable

RUNTIME: Final = "Python"
_LIBRARIES: Final = ("openeo", "numpy", "xarray", "pandas", "scipy", "shapely", "geopandas")


@cache
def udf_runtimes() -> dict[str, Any]:
    """The body of `GET /udf_runtimes`; empty where this machine cannot confine code.

    Source: openEO API 1.3.0, `/udf_runtimes`. The document is shared: do not change it.
    """
    if not is_confinable():
        return {}
    libraries = {name: {"version": found} for name in _LIBRARIES if (found := _version(name))}
    return {
        RUNTIME: {
            "title": f"Python {_python()}",
            "description": "Functions such as `apply_datacube(cube, context)`, as the module "
            "`openeo.udf` of the openEO Python client describes them. They run without network, "
            "with limits on time and memory.",
            "type": "language",
            "default": _python(),
            "versions": {_python(): {"libraries": libraries}},
        }
    }


def check_runtime(runtime: str, wanted: str | None) -> None:
    """Raises `InvalidRuntime` or `InvalidVersion` for what is not offered."""
    offered: Mapping[str, Any] = udf_runtimes()
    if not offered:
        raise OpenEOError(
            "FeatureUnsupported",
            "This machine cannot confine users' code (that needs Linux with Landlock), "
            "so it runs none.",
        )
    known = next((key for key in offered if key.casefold() == str(runtime).casefold()), None)
    if known is None:
        raise OpenEOError(
            "InvalidRuntime",
            f"The UDF runtime {runtime!r} is not offered; there is {', '.join(offered)}.",
        )
    versions = offered[known]["versions"]
    if wanted is not None and not any(_matches(wanted, item) for item in versions):
        raise OpenEOError(
            "InvalidVersion",
            f"The version {wanted!r} of {known} is not offered; there is {', '.join(versions)}.",
        )


def _matches(wanted: str, offered: str) -> bool:
    """Whether `3` or `3.11` or `3.11.2` may be run by `3.11`."""
    pairs = zip(str(wanted).split("."), offered.split("."), strict=False)
    return all(one == other for one, other in pairs)


def _python() -> str:
    return ".".join(platform.python_version_tuple()[:2])


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None
