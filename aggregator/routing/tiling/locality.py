"""Which processes look no further than their pixel, how far others look, and which see everything.

What is not known to be local is not taken for local. Source: openEO processes 2.0.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from aggregator.documents import is_array, is_number, is_object, objects
from aggregator.routing.graphs import Node, Scope
from aggregator.routing.reading import is_predefined
from aggregator.routing.splitting.obstacles import Obstacle
from aggregator.routing.suggestions import shortened

SPATIAL = frozenset({"x", "y", "lat", "lon", "latitude", "longitude", "easting", "northing"})
"""What dimensions in space are called."""
TEMPORAL = frozenset({"t", "time", "temporal", "date"})

LOADS = frozenset({"load_collection", "load_stac", "load_result"})
"""Processes that load an area, named in `spatial_extent`."""

LOCAL = frozenset(
    {
        "add_dimension",
        "aggregate_temporal",
        "aggregate_temporal_period",
        "anomaly",
        "apply",
        "ard_normalized_radar_backscatter",
        "ard_surface_reflectance",
        "atmospheric_correction",
        "climatological_normal",
        "cloud_detection",
        "constant",
        "drop_dimension",
        "filter_bands",
        "filter_temporal",
        "linear_scale_range",
        "load_geojson",
        "load_ml_model",
        "load_url",
        "mask",
        "mask_polygon",
        "merge_cubes",
        "ndvi",
        "rename_dimension",
        "rename_labels",
        "resample_cube_temporal",
        "sar_backscatter",
        "save_result",
    }
)
"""Processes whose result at a pixel comes from that pixel alone."""

ALONG = frozenset(
    {"apply_dimension", "filter_labels", "fit_curve", "predict_curve", "reduce_dimension"}
)
"""Processes along the dimension that they name."""

WHOLE = {
    "aggregate_spatial": "its statistics are of whole geometries, which tiles would cut",
    "aggregate_spatial_window": "its windows are counted from the corner of the whole area",
    "filter_spatial": "what is left is the box around geometries, not the area that is divided",
    "fit_class_random_forest": "it learns from the whole area",
    "fit_regr_random_forest": "it learns from the whole area",
    "load_uploaded_files": "it loads whole files, whatever the area",
    "reduce_spatial": "it makes one value of the whole area",
    "resample_spatial": "the grid that it makes begins at the edge of the area",
    "trim_cube": "what it cuts off depends on the whole area",
}
"""Processes whose result depends on the area as a whole, and why."""

RESAMPLED_PIXELS = 2
"""As far as the methods of resampling look."""

NEARLY = frozenset({"resample_cube_spatial"})
"""Processes whose result on a tile is nearly that of the whole: backends reckon positions with an
approximation over the area that they are given."""

# Counting dates, or a date by its number: a tile has only the dates of the scenes that meet it.
BY_NUMBER = frozenset({"array_element", "order", "rearrange"})


def margins(node: Node, *, exact: bool) -> float | Obstacle | None:
    """How many pixels around its own a node of the outermost graph looks at.

    None if it loads or cuts an area; an Obstacle if its result depends on the whole area, or if
    that is not known; if it is to be `exact`, also where it depends a little.
    """
    process, name = shortened(node.process_id, 50), shortened(node.id, 50)
    if exact and process in NEARLY:
        said = f"'{name}' is {process}: positions between pixels depend a little on the area"
        return Obstacle("nearly", said)
    if is_predefined(node.namespace):
        if process in LOADS or process == "filter_bbox":
            return None
        if process in LOCAL or process in ALONG:
            return 0
        if process in _BEYOND:
            return _BEYOND[process](node)
    reason = WHOLE.get(process)
    if reason is not None:
        return Obstacle("whole", f"'{name}' is {process}: {reason}")
    said = f"'{name}' is {process}, of which is not known how far it looks"
    return Obstacle("unknown", said)


def _kernel(node: Node) -> float | Obstacle:
    kernel = node.arguments.get("kernel")
    rows = [row for row in kernel if is_array(row)] if is_array(kernel) else []
    sides = [len(rows), *map(len, rows)]
    if not is_array(kernel) or len(rows) != len(kernel) or not all(sides):
        said = f"the kernel of '{shortened(node.id, 50)}' is known only when it runs"
        return Obstacle("kernel", said)
    return max(sides) // 2


def _neighborhood(node: Node) -> float | Obstacle:
    """Chunks in space are counted from the corner of the area; those in time only are local."""
    given = [*_parts(node.arguments.get("size")), *_parts(node.arguments.get("overlap"))]
    if all(value == 1 or name not in SPATIAL for name, value in given) and given:
        return 0
    said = (
        f"'{shortened(node.id, 50)}' is apply_neighborhood: its chunks are counted from the corner "
        "of the whole area"
    )
    return Obstacle("whole", said)


def _parts(value: object) -> Iterator[tuple[str, Any]]:
    for part in objects({"parts": value}, "parts"):
        size = part.get("value")
        yield str(part.get("dimension")), size if is_number(size) else None


_BEYOND: Mapping[str, Callable[[Node], float | Obstacle]] = {
    "apply_kernel": _kernel,
    "apply_neighborhood": _neighborhood,
    "resample_cube_spatial": lambda _: RESAMPLED_PIXELS,
}


def dimension_obstacles(node: Node) -> Iterator[Obstacle]:
    """Whether a node works along a dimension in space."""
    if node.process_id not in ALONG:
        return
    names = [node.arguments.get(key) for key in ("dimension", "target_dimension")]
    for name in sorted({n for n in names if isinstance(n, str) and n.casefold() in SPATIAL}):
        said = f"'{shortened(node.id, 50)}' works along '{name}', over the whole area"
        yield Obstacle("whole", said)
    dimension = node.arguments.get("dimension")
    if is_object(dimension):
        said = f"along which dimension '{shortened(node.id, 50)}' works is known only when it runs"
        yield Obstacle("unknown", said)


def date_obstacles(scope: Scope, parent: Node) -> Iterator[Obstacle]:
    """Callbacks over dates whose result changes if dates are lacking that have no data."""
    dimension = str(parent.arguments.get("dimension", "")).casefold()
    if parent.process_id not in ALONG or dimension not in TEMPORAL:
        return
    for node_id in scope.graph:
        node = Node(scope, node_id)
        counts = node.process_id == "count" and node.arguments.get("condition") is True
        by_number = node.process_id in BY_NUMBER and node.arguments.get("label") is None
        if counts or by_number or node.arguments.get("ignore_nodata") is False:
            said = (
                f"'{shortened(node.path, 80)}' depends on which dates there are, and a tile has "
                "only those of the scenes that meet it"
            )
            yield Obstacle("dates", said)
