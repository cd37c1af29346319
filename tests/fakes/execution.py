"""An execution of process graphs without collections, files or a backend around it."""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import rioxarray  # noqa: F401  gives cubes their `rio`
import xarray as xr

from backends.definitions import RUNNABLE
from backends.environment import Environment, Limits
from backends.evaluate import run
from backends.formats import SavedAsset
from backends.loading import LoadRequest


class Execution:
    """Loads given cubes, keeps what is saved (computed at once), requests and logs."""

    def __init__(self, cubes: Mapping[str, xr.DataArray] | None = None) -> None:
        self.cubes = dict(cubes or {})
        self.saved: list[Any] = []
        self.formats: list[str] = []
        self.requests: list[LoadRequest] = []
        self.logs: list[tuple[str, str]] = []
        self.shares: list[float] = []
        self.lazy: list[bool] = []

    def environment(self, **changes: Any) -> Environment:
        settings: dict[str, Any] = {
            "offered": frozenset(RUNNABLE),
            "load_collection": self._load,
            "save_result": self._save,
            "folder": Path(tempfile.gettempdir()),
            "log": lambda level, message: self.logs.append((level, message)),
            "progress": self.shares.append,
            "limits": Limits(),
        }
        return Environment(**{**settings, **changes})

    def run(self, process_graph: Mapping[str, Any], **changes: Any) -> Any:
        """Run a process graph; what it saved last."""
        run({"process_graph": process_graph}, self.environment(**changes))
        return self.saved[-1]

    def _load(self, identifier: str, request: LoadRequest) -> xr.DataArray:
        self.requests.append(request)
        return self.cubes[identifier]

    def _save(self, data: Any, name: str, options: Mapping[str, Any]) -> list[SavedAsset]:
        if isinstance(data, xr.DataArray):
            self.lazy.append(data.chunks is not None)
            data = data.compute()
        self.saved.append(data)
        self.formats.append(name)
        return [SavedAsset(Path(f"{len(self.saved)}.{name.lower()}"), "application/json")]


def value_of(process_id: str, **arguments: Any) -> Any:
    """What a single process gives for literal arguments."""
    node = {"process_id": process_id, "arguments": arguments, "result": True}
    return Execution().run({"node": node})


def cube_of(
    values: Any,
    *,
    t: Sequence[str] = (),
    bands: Sequence[str] = (),
    x: Sequence[float] = (),
    y: Sequence[float] = (),
    crs: str = "EPSG:32633",
    lazy: bool = True,
) -> xr.DataArray:
    """A small lazy cube as collections give them, of the dimensions that have labels.

    Without `x` and `y` the last two axes get pixels of 10 m from (500000, 5200000) on.
    """
    array = np.asarray(values, dtype=np.float32)
    rows, columns = array.shape[-2:]
    coords: dict[str, Any] = {}
    if t:
        coords["t"] = np.array(t, dtype="datetime64[ns]")
    if bands:
        coords["bands"] = np.array(bands)
    coords["y"] = list(y) or [5_200_000 - 5 - 10 * row for row in range(rows)]
    coords["x"] = list(x) or [500_000 + 5 + 10 * column for column in range(columns)]
    cube = xr.DataArray(array, dims=list(coords), coords=coords, attrs={"title": "small"})
    cube = cube.chunk(dict.fromkeys(cube.dims, 2)) if lazy else cube
    located: xr.DataArray = cube.rio.write_crs(crs)
    return located


def on_cube(cube: xr.DataArray, process_id: str, **arguments: Any) -> Any:
    """What a process of cubes gives for its argument `data`; checks that it stays lazy."""
    execution = Execution({"cube": cube})
    result = execution.run(
        {
            "load": {
                "process_id": "load_collection",
                "arguments": {"id": "cube", "spatial_extent": None, "temporal_extent": None},
            },
            "node": {
                "process_id": process_id,
                "arguments": {"data": {"from_node": "load"}, **arguments},
                "result": True,
            },
        }
    )
    if cube.chunks is not None and isinstance(result, xr.DataArray):
        assert execution.lazy == [True], f"{process_id} computed its result too early"
    return result


def callback(process_id: str, **arguments: Any) -> dict[str, Any]:
    """A process graph of one node."""
    node = {"process_id": process_id, "arguments": arguments, "result": True}
    return {"process_graph": {process_id: node}}


def of(name: str) -> dict[str, str]:
    """A reference to a parameter."""
    return {"from_parameter": name}


def by(node: str) -> dict[str, str]:
    """A reference to a node."""
    return {"from_node": node}
