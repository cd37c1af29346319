"""From a collection of a profile to its data."""

from __future__ import annotations

import rioxarray  # noqa: F401 - gives cubes their `rio`
import xarray as xr

from backends.errors import OpenEOError
from backends.loading import LoadRequest
from backends.products import PRODUCT, product
from backends.profile import CollectionSpec
from backends.scenes.world import load_world


def load(spec: CollectionSpec, request: LoadRequest) -> xr.DataArray:
    """The data of a collection as a lazy float32 cube with NaN for no data.

    Dimensions t (datetime64[ns]), bands (str), y (descending) and x (pixel centres), in
    this order; those that a collection lacks are left out. The CRS is at `cube.rio.crs`.
    Raises OpenEOError for whatever is wrong with the request.
    """
    if spec.kind == "stac":
        from backends.stac_source import load_stac

        return load_stac(spec, request)
    try:
        offered = product(spec.product, spec.options)
    except ValueError as error:
        raise OpenEOError(
            "Internal", f"Collection '{spec.id}' is set up wrong: {error}."
        ) from error
    # Bands of the same name mean different things in different products.
    return load_world(offered, request).assign_attrs({PRODUCT: spec.product})
