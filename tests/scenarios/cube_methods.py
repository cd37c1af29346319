"""One use of each method of the client's cubes, to be run at the federation."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from openeo.processes import ProcessBuilder, absolute, apply, array_element, text_concat
from openeo.rest._datacube import UDF

FIELD = {"west": 11.04, "south": 46.38, "east": 11.043, "north": 46.383}
HALF = {"west": 11.04, "south": 46.38, "east": 11.0415, "north": 46.383}
DAYS = ("2024-07-01", "2024-07-16")
RING = [[11.0405, 46.3805], [11.0415, 46.3805], [11.0415, 46.3815], [11.0405, 46.3805]]
AREAS = {
    "type": "FeatureCollection",
    "features": [
        {
            "type": "Feature",
            "properties": {"height": 7},
            "geometry": {"type": "Polygon", "coordinates": [RING]},
        }
    ],
}

MEAN = {
    "process_graph": {
        "mean": {
            "process_id": "mean",
            "arguments": {"data": {"from_parameter": "data"}},
            "result": True,
        }
    }
}

Use = Callable[[Any], Any]


def curve(x: ProcessBuilder, parameters: ProcessBuilder) -> ProcessBuilder:
    """A straight line."""
    return array_element(parameters, 0) + array_element(parameters, 1) * x


def magnitudes(data: ProcessBuilder) -> ProcessBuilder:
    """Of a cube within a cube."""
    return apply(data, process=absolute)


def red(cube: Any) -> Any:
    """The band B04 alone, without a dimension of bands."""
    return cube.band("B04")


def fitted(cube: Any) -> Any:
    """The straight lines through each pixel's values."""
    return cube.fit_curve(parameters=[1, 1], function=curve, dimension="t")


# Of a cube of two bands at four dates: the name of the method, and what is done with it.
RASTER: dict[str, Use] = {
    "add": lambda c: c.add(1),
    "add_dimension": lambda c: c.add_dimension("source", "terra", type="other"),
    "aggregate_spatial": lambda c: c.aggregate_spatial(AREAS, reducer="mean"),
    "aggregate_spatial_window": lambda c: c.aggregate_spatial_window("max", size=[2, 2]),
    "aggregate_temporal": lambda c: c.aggregate_temporal([DAYS], reducer="mean", labels=["July"]),
    "aggregate_temporal_period": lambda c: c.aggregate_temporal_period("month", reducer="mean"),
    "apply": lambda c: c.apply(absolute),
    "apply_dimension": lambda c: c.apply_dimension(dimension="t", process="cumsum"),
    "apply_kernel": lambda c: c.apply_kernel([[0, 1, 0], [1, 1, 1], [0, 1, 0]], factor=0.2),
    "apply_neighborhood": lambda c: c.apply_neighborhood(
        magnitudes,
        size=[
            {"dimension": "x", "value": 8, "unit": "px"},
            {"dimension": "y", "value": 8, "unit": "px"},
        ],
    ),
    "apply_polygon": lambda c: c.apply_polygon(AREAS, process=magnitudes),
    "band": red,
    "count_time": lambda c: c.count_time(),
    "divide": lambda c: red(c).divide(c.band("B08")),
    "drop_dimension": lambda c: c.filter_bands(["B04"]).drop_dimension("bands"),
    "filter_bands": lambda c: c.filter_bands(["B08"]),
    "filter_bbox": lambda c: c.filter_bbox(**HALF),
    "filter_labels": lambda c: c.filter_labels(
        lambda x: text_concat([x, ""]) == "B08", dimension="bands"
    ),
    "filter_spatial": lambda c: c.filter_spatial(AREAS),
    "filter_temporal": lambda c: c.filter_temporal("2024-07-01", "2024-07-08"),
    "fit_curve": fitted,
    "flatten_dimensions": lambda c: c.flatten_dimensions(["t", "bands"], "features"),
    "linear_scale_range": lambda c: c.linear_scale_range(0, 4000, 0, 255),
    "ln": lambda c: c.ln(),
    "log10": lambda c: c.log10(),
    "log2": lambda c: c.log2(),
    "logarithm": lambda c: c.logarithm(3),
    "logical_and": lambda c: (red(c) > 300).logical_and(c.band("B08") > 300),
    "logical_or": lambda c: (red(c) > 300).logical_or(c.band("B08") > 300),
    "mask": lambda c: c.mask(red(c) > 500),
    "mask_polygon": lambda c: c.mask_polygon(AREAS),
    "max_time": lambda c: c.max_time(),
    "mean_time": lambda c: c.mean_time(),
    "median_time": lambda c: c.median_time(),
    "merge_cubes": lambda c: c.filter_bands(["B04"]).merge_cubes(c.filter_bands(["B08"])),
    "min_time": lambda c: c.min_time(),
    "multiply": lambda c: c.multiply(2),
    "ndvi": lambda c: c.ndvi(nir="B08", red="B04"),
    "normalized_difference": lambda c: c.band("B08").normalized_difference(red(c)),
    "power": lambda c: red(c).power(2),
    "predict_curve": lambda c: c.predict_curve(
        parameters=fitted(c), function=curve, dimension="t", labels=["2024-07-20T00:00:00Z"]
    ),
    "process": lambda c: c.process("reduce_dimension", data=c, dimension="t", reducer=MEAN),
    "reduce_bands": lambda c: c.reduce_bands("mean"),
    "reduce_dimension": lambda c: c.reduce_dimension(dimension="t", reducer="sd"),
    "reduce_spatial": lambda c: c.reduce_spatial("mean"),
    "reduce_temporal": lambda c: c.reduce_temporal("median"),
    "rename_dimension": lambda c: c.rename_dimension("bands", "spectrum"),
    "rename_labels": lambda c: c.rename_labels("bands", ["red", "near"]),
    "resample_cube_spatial": lambda c: c.resample_cube_spatial(c.filter_bbox(**HALF)),
    "resample_cube_temporal": lambda c: c.resample_cube_temporal(
        c.filter_temporal("2024-07-01", "2024-07-08")
    ),
    "resample_spatial": lambda c: c.resample_spatial(resolution=60, method="average"),
    "subtract": lambda c: c.subtract(1),
    "unflatten_dimension": lambda c: c.flatten_dimensions(
        ["t", "bands"], "features", label_separator="~"
    ).unflatten_dimension("features", ["t", "bands"], label_separator="~"),
}

CODE = """
from openeo.udf import XarrayDataCube

def apply_datacube(cube: XarrayDataCube, context: dict) -> XarrayDataCube:
    return cube
"""

# Of a cube of vectors of that triangle.
VECTOR: dict[str, Use] = {
    "apply_dimension": lambda v: v.apply_dimension(
        lambda data: array_element(data, 0), dimension="properties"
    ),
    "filter_bbox": lambda v: v.filter_bbox(**FIELD),
    "filter_labels": lambda v: v.filter_labels(
        lambda x: text_concat([x, ""]) == "height", dimension="properties"
    ),
    "filter_vector": lambda v: v.filter_vector(v),
    "process": lambda v: v.process("filter_vector", data=v, geometries=v, relation="intersects"),
    "run_udf": lambda v: v.run_udf(UDF(CODE), runtime="Python"),
}

# What no member of the federation offers: the method's use, and the process that it needs.
NOT_OFFERED: dict[str, tuple[Use, str]] = {
    "ard_normalized_radar_backscatter": (
        lambda c: c.ard_normalized_radar_backscatter(),
        "ard_normalized_radar_backscatter",
    ),
    "ard_surface_reflectance": (
        lambda c: c.ard_surface_reflectance("FORCE", "Fmask"),
        "ard_surface_reflectance",
    ),
    "aspect": (lambda c: c.aspect(), "aspect"),
    "atmospheric_correction": (lambda c: c.atmospheric_correction(), "atmospheric_correction"),
    "convert_data_type": (lambda c: c.convert_data_type("uint8"), "convert_data_type"),
    "predict_random_forest": (
        lambda c: c.mean_time().predict_random_forest("http://127.0.0.1/model"),
        "load_ml_model",
    ),
    "raster_to_vector": (lambda c: c.raster_to_vector(), "raster_to_vector"),
    "resolution_merge": (lambda c: c.resolution_merge(["B08"], ["B04"]), "resolution_merge"),
    "sar_backscatter": (lambda c: c.sar_backscatter(), "sar_backscatter"),
    "slope": (lambda c: c.slope(), "slope"),
}
NOT_OFFERED_OF_VECTORS: dict[str, tuple[Callable[[Any, Any], Any], str]] = {
    "fit_class_random_forest": (
        lambda v, c: v.fit_class_random_forest(target=AREAS, max_variables=2),
        "fit_class_random_forest",
    ),
    "fit_regr_random_forest": (
        lambda v, c: v.fit_regr_random_forest(target=AREAS, max_variables=2),
        "fit_regr_random_forest",
    ),
    "vector_to_raster": (lambda v, c: v.vector_to_raster(c), "vector_to_raster"),
}
