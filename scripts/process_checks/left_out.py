"""Which definitions of the package no backend lists, and why."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType
from typing import Final

_REGRESSION: Final = (
    "trains or applies random forests with xgboost, which is not installed; the package's "
    "implementation takes other parameters than its definition names"
)
_RADIOMETRY: Final = (
    "makes analysis-ready data from raw measurements; the package has no implementation, and "
    "the scenes of these backends are made with their reflectance or backscatter"
)
_PRIVATE: Final = "is no process of openEO: one provider's own, which the package only defines"
_ELSEWHERE: Final = "needs a service beside the backend, which no simulated backend has"

LEFT_OUT: Final[Mapping[str, str]] = MappingProxyType(
    {
        "apply_neighborhood_intertwin": "is one project's variant of `apply_neighborhood`",
        "ard_normalized_radar_backscatter": _RADIOMETRY,
        "ard_surface_reflectance": _RADIOMETRY,
        "atmospheric_correction": _RADIOMETRY,
        "cab": _PRIVATE,
        "cloud_detection": (
            "needs an algorithm for clouds; the package has none, and the scenes come with "
            "masks of their clouds (the band `SCL`)"
        ),
        "ddmc": "is no process of openEO: bands subtracted, which `reduce_dimension` does",
        "export_collection": _ELSEWHERE,
        "fapar": _PRIVATE,
        "fcover": _PRIVATE,
        "fit_regr_random_forest": _REGRESSION,
        "lai": _PRIVATE,
        "load_result": "is replaced by `load_stac`, which loads the results of any backend",
        "predict_random_forest": _REGRESSION,
        "rqatrend": "needs the library rqadeforestation, which is not installed",
        "run_udf_externally": _ELSEWHERE,
        "sar_backscatter": _RADIOMETRY,
        "sen2like": _PRIVATE,
        "stac_modify": _ELSEWHERE,
    }
)
"""Process id (name of the definition's file) -> the reason, to be read after the id."""
