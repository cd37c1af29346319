"""Requests to the world that the tests of this room share."""

from collections.abc import Mapping
from typing import Any

import xarray as xr

from backends.loading import LoadRequest
from backends.profile import CollectionSpec
from backends.scenes import load

# A lowland with forest, fields, a river and lakes; 256 pixels of 10 m.
LOWLAND: Mapping[str, Any] = {
    "west": 640_000,
    "south": 5_652_000,
    "east": 642_560,
    "north": 5_654_560,
    "crs": 32631,
}
# The same lowland, 8 km wide, for whole landscapes at coarse pixels.
LANDSCAPE: Mapping[str, Any] = {
    "west": 640_000,
    "south": 5_650_000,
    "east": 650_000,
    "north": 5_660_000,
    "crs": 32631,
}
JULY = ("2021-07-01", "2021-08-01")


def loaded(
    product: str, extent: Mapping[str, Any] | None = LOWLAND, **request: Any
) -> xr.DataArray:
    """The lazy cube of a product of the world."""
    return load(
        CollectionSpec("TEST", "world", product), LoadRequest(spatial_extent=extent, **request)
    )
