"""Where a backend computes: here, or on a Dask cluster. Light: nothing is computed here."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from backends.configuration import Reader

_ADDRESS: Final = re.compile(r"(tcp|tls)://(\[[0-9a-fA-F:]+\]|[A-Za-z0-9.-]+):\d{1,5}")


@dataclass(frozen=True)
class Compute:
    """`dask_scheduler`: address of the scheduler of the cluster, None for threads here.

    The workers of the cluster have this program installed, and for netCDF and Zarr see
    the files of the backend under the same paths.
    """

    dask_scheduler: str | None = None


def read_compute(reader: Reader, value: object) -> Compute:
    """The section `compute` of a profile; it may be left out."""
    given = reader.mapping("compute", {} if value is None else value)
    reader.unknown_keys("compute", given, {"dask_scheduler"})
    address = given.get("dask_scheduler")
    if address is None:
        return Compute()
    hint = "an address as tcp://127.0.0.1:8786"
    return Compute(reader.pattern("compute.dask_scheduler", address, _ADDRESS, hint))
