"""Runs single processes as a backend would, with small cubes to load."""

from __future__ import annotations

import math
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any, Final

import numpy as np
import rioxarray  # noqa: F401  gives cubes their `rio`
import xarray as xr

from backends import evaluate, scenes, writers
from backends.environment import Environment
from backends.formats import SavedAsset, SavedResult
from backends.loading import LoadRequest
from backends.profile import Profile

LOAD: Final = {"spatial_extent": None, "temporal_extent": None}


def cube_of(values: Any, *, crs: str = "EPSG:32633", **labels: Any) -> xr.DataArray:
    """A small lazy cube with pixels of 10 m from (500000, 5200000) on."""
    array = np.asarray(values, dtype=np.float32)
    rows, columns = array.shape[-2:]
    coords: dict[str, Any] = {
        name: np.array(given, dtype="datetime64[ns]") if name == "t" else np.array(given)
        for name, given in labels.items()
    }
    coords["y"] = [5_200_000 - 5 - 10.0 * row for row in range(rows)]
    coords["x"] = [500_000 + 5 + 10.0 * column for column in range(columns)]
    cube = xr.DataArray(array, dims=list(coords), coords=coords).chunk(x=2, y=2)
    located: xr.DataArray = cube.rio.write_crs(crs)
    return located


def callback(process_id: str, **arguments: Any) -> dict[str, Any]:
    """A process graph of one node."""
    node = {"process_id": process_id, "arguments": arguments, "result": True}
    return {"process_graph": {"only": node}}


def of(name: str) -> dict[str, str]:
    """A reference to a parameter of the callback."""
    return {"from_parameter": name}


def alike(value: Any, expected: Any) -> bool:
    """Whether values agree: kinds of JSON, numbers to within rounding, cubes and lists by
    element, NaN with NaN."""
    if isinstance(value, xr.DataArray):
        value = value.values
    if isinstance(expected, np.ndarray):
        found = np.asarray(value)
        return found.shape == expected.shape and np.allclose(
            found, expected, rtol=1e-5, equal_nan=True
        )
    if isinstance(expected, list | tuple):
        return len(value) == len(expected) and all(map(alike, value, expected))
    if isinstance(expected, bool) or expected is None or isinstance(expected, str):
        return type(value) is type(expected) and bool(value == expected)
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and math.isclose(value, expected, rel_tol=1e-9, abs_tol=1e-9)


class Runner:
    """Runs processes with what one profile offers."""

    def __init__(self, profile: Profile, contents: Mapping[str, bytes] | None = None) -> None:
        self.profile = profile
        self.contents = dict(contents or {})
        self.saved: list[tuple[str, Any]] = []
        self.exported: list[tuple[SavedResult, str, str | None]] = []
        self.logs: list[tuple[str, str]] = []
        self._cubes: dict[str, xr.DataArray] = {}

    def __call__(self, process_id: str, **arguments: Any) -> Any:
        """What a process gives; cubes among the arguments are loaded by nodes of their own."""
        graph: dict[str, Any] = {}
        given = {name: self._given(value, graph) for name, value in arguments.items()}
        graph["node"] = {"process_id": process_id, "arguments": given, "result": True}
        return self.graph(graph)

    def graph(self, graph: Mapping[str, Any]) -> Any:
        """What a process graph gives or saves."""
        self.saved = []
        with tempfile.TemporaryDirectory() as folder:
            evaluate.run({"process_graph": graph}, self._environment(Path(folder)))
        return self.saved[-1][1]

    def _given(self, value: Any, graph: dict[str, Any]) -> Any:
        if not isinstance(value, xr.DataArray):
            return value
        name = f"cube{len(self._cubes)}"
        self._cubes[name] = value
        graph[name] = {"process_id": "load_collection", "arguments": {"id": name, **LOAD}}
        return {"from_node": name}

    def _environment(self, folder: Path) -> Environment:
        def user_file(path: str) -> Path:
            found = folder / Path(path).name
            found.write_bytes(self.contents[path])
            return found

        return Environment(
            offered=frozenset(self.profile.processes),
            load_collection=self._load,
            save_result=self._save,
            folder=folder,
            log=lambda level, message: self.logs.append((level, message)),
            fetch=lambda url: self.contents[url],
            user_file=user_file,
            export=lambda *export: self.exported.append(export),
        )

    def _load(self, identifier: str, request: LoadRequest) -> Any:
        if identifier in self._cubes:
            return self._cubes[identifier]
        spec = self.profile.collection(identifier)
        if spec is None:
            raise KeyError(identifier)
        return scenes.load(spec, request)

    def _save(self, data: Any, name: str, _options: Mapping[str, Any]) -> list[SavedAsset]:
        kept = data.compute() if isinstance(data, xr.DataArray) else data
        self.saved.append((name, kept))
        return [SavedAsset(Path(name), "application/json")]


def written(cube: xr.DataArray, format_: str) -> bytes:
    """The single file that a cube is saved as."""
    with tempfile.TemporaryDirectory() as folder:
        (asset,) = writers.save(cube, format_, {}, Path(folder))
        return asset.path.read_bytes()


Judge = Callable[[Runner], Any]
