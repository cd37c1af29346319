"""Evaluates process graphs: each node once, callbacks as callables, errors in openEO's words."""

from __future__ import annotations

import inspect
import logging
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import cache
from typing import Any, Final
from uuid import UUID, uuid4

import numpy as np
import xarray as xr
from openeo_pg_parser_networkx.process_registry import ProcessRegistry

from backends.arguments import takes_cubes
from backends.checking import check_process
from backends.definitions import definitions
from backends.environment import Environment
from backends.errors import LocatedError, OpenEOError, located
from backends.formats import SavedAsset
from backends.graph import (
    Node,
    ParameterReference,
    ParsedGraph,
    ProcessGraph,
    ResultReference,
    node_key,
    refers,
)
from backends.processes.declaration import Implementation
from backends.processes.library import OpenEOException
from backends.processes.storage import as_saved
from backends.processes.values import Array, describe, invalid, is_field, quiet_numerics
from backends.registry import registry

logger = logging.getLogger(__name__)

SAVING: Final = "save_result"
_SAVING_WEIGHT: Final = 20
"""How many other nodes one saving counts for in the progress: there all computing happens."""
_WRONG_VALUES: Final = (TypeError, ValueError, LookupError, ArithmeticError)

Scope = Mapping[str, Any]


def run(
    process: Mapping[str, Any],
    environment: Environment,
    processes: ProcessRegistry | None = None,
) -> list[SavedAsset]:
    """Execute a process; the files that its `save_result` nodes wrote, in their order.

    All nodes of the top level are executed, also those that do not lead to the result. A
    result that no node saves is saved as JSON. Parameters of the process take their
    defaults. `processes` are ours unless others are given. Raises OpenEOError, naming node
    and process, for whatever goes wrong.
    Source: openEO API 1.3.0, section Process Graphs.
    """
    offered = {
        name: definition
        for name, definition in definitions().items()
        if name in environment.offered
    }
    mistakes = check_process(process, offered, max_nodes=environment.limits.graph_nodes)
    if mistakes:
        raise mistakes[0]
    with quiet_numerics(), ExitStack() as ending:

        def at_end(action: Callable[[], None]) -> None:
            ending.callback(action)

        surrounded = replace(environment, at_end=at_end, execution=uuid4().hex)
        return _Evaluation(process, surrounded, processes or registry()).run()


@dataclass(frozen=True)
class Callback:
    """A process graph in an argument, callable by the convention of openeo-processes-dask.

    Parameters are given by name, by `named_parameters`, or by position with
    `positional_parameters` (name -> position). With `axis`, array parameters given by
    position become labeled arrays along that axis (labels: `dim_labels`), and the
    result has the shape that a NumPy reduction along the axis would have.
    Parameters of the graphs around it are seen too; its own come first.
    """

    evaluation: _Evaluation
    graph: ProcessGraph
    scope: Scope
    path: tuple[str, ...]

    def __call__(
        self,
        *args: Any,
        positional_parameters: Mapping[str, int] | None = None,
        named_parameters: Mapping[str, Any] | None = None,
        axis: int | None = None,
        keepdims: bool = False,
        dim_labels: Any = None,
        source_transposed_axis: int | None = None,  # noqa: ARG002  part of the convention
        **parameters: Any,
    ) -> Any:
        own = {**(named_parameters or {}), **parameters}
        for name, position in (positional_parameters or {}).items():
            own[name] = _along(args[position], axis, dim_labels)
        value = self.evaluation.evaluate(self.graph, {**self.scope, **own}, self.path)
        return value if axis is None else _back(value, axis, keepdims)


def _along(value: Any, axis: int | None, labels: Any) -> Any:
    if axis is None or not is_field(value):
        return value
    named = None if labels is None else tuple(np.asarray(labels).tolist())
    return Array(np.moveaxis(value, axis, 0), named)


def _back(value: Any, axis: int, keepdims: bool) -> Any:
    if isinstance(value, Array):
        return np.moveaxis(value.values, 0, axis)
    return np.expand_dims(value, axis) if keepdims and is_field(value) else value


class _Evaluation:
    """One execution of one process."""

    def __init__(
        self, process: Mapping[str, Any], environment: Environment, processes: ProcessRegistry
    ) -> None:
        self.processes = processes
        self.graph = ParsedGraph(process["process_graph"])
        self.nodes = self.graph.order(self.graph.uid)
        self.progress = _Progress(environment.progress, self.nodes)
        self.saves = _Saves(environment, self.progress)
        self.environment = replace(environment, save_result=self.saves.save)
        self.scope = _defaults(process.get("parameters"))

    def run(self) -> list[SavedAsset]:
        """Evaluate the top level; the files that were saved."""
        results: dict[str, Any] = {}
        for node in self.nodes:
            self._log(node)
            results[node.key] = self._evaluate_node(node, self.graph.uid, results, ())
            self.progress.finish(node)
        if all(node.process_id != SAVING for node in self.nodes):
            value = results[self.graph.result_key(self.graph.nested_graph)]
            with _translated(SAVING, "result"):
                self.environment.save_result(as_saved(value), "JSON", {})
        return self.saves.assets

    def evaluate(self, graph: ProcessGraph, scope: Scope, path: tuple[str, ...]) -> Any:
        """The result of a child graph."""
        results: dict[str, Any] = {}
        for node in self.graph.order(graph.uid):
            results[node.key] = self._evaluate_node(node, graph.uid, results, path, scope)
        return results[self.graph.result_key(graph)]

    def _log(self, node: Node) -> None:
        self.environment.log("debug", f"Node '{node.id}' runs the process '{node.process_id}'.")

    def _evaluate_node(
        self,
        node: Node,
        uid: UUID,
        results: Mapping[str, Any],
        path: tuple[str, ...],
        scope: Scope | None = None,
    ) -> Any:
        own_path = (*path, node.id)
        known = self.scope if scope is None else scope
        where = "/".join(own_path)
        with _translated(node.process_id, where):
            arguments = {
                name: self._resolve(value, uid, results, known, own_path)
                for name, value in node.arguments.items()
            }
            return self._call(node, arguments, _place(node.process_id, where))

    def _call(self, node: Node, arguments: dict[str, Any], place: str) -> Any:
        process = self.processes[node.process_id]
        _check_cubes(process.spec, arguments)
        implementation = process.implementation
        if _wants_environment(implementation):
            arguments["environment"] = replace(self.environment, place=place)
        return implementation(**arguments)

    def _resolve(
        self,
        value: Any,
        uid: UUID,
        results: Mapping[str, Any],
        scope: Scope,
        path: tuple[str, ...],
    ) -> Any:
        """An argument with references replaced by values and graphs by callbacks."""
        if isinstance(value, ResultReference):
            return results[node_key(value.from_node, uid)]
        if isinstance(value, ParameterReference):
            if value.from_parameter not in scope:
                message = f"The parameter '{value.from_parameter}' has no value."
                raise OpenEOError("ProcessParameterRequired", message)
            return scope[value.from_parameter]
        if isinstance(value, ProcessGraph):
            return Callback(self, value, scope, path)
        if isinstance(value, dict) and refers(value):
            return {
                key: self._resolve(item, uid, results, scope, path) for key, item in value.items()
            }
        if isinstance(value, list) and refers(value):
            return [self._resolve(item, uid, results, scope, path) for item in value]
        return value


def _check_cubes(definition: Mapping[str, Any], arguments: Mapping[str, Any]) -> None:
    """Raise where another node gave a data cube for what can be none. All else that nodes
    give is judged by the processes themselves.
    """
    cubes = [name for name, value in arguments.items() if isinstance(value, xr.DataArray)]
    for parameter in definition.get("parameters", ()) if cubes else ():
        if parameter["name"] in cubes and not takes_cubes(parameter["schema"]):
            words = describe(arguments[parameter["name"]])
            raise invalid(parameter["name"], f"cannot be {words}.")


def _defaults(parameters: Any) -> dict[str, Any]:
    """What the parameters of the process are where nobody gives them a value."""
    listed = parameters if isinstance(parameters, list) else []
    return {
        item["name"]: item.get("default")
        for item in listed
        if isinstance(item, Mapping)
        and isinstance(item.get("name"), str)
        and ("default" in item or item.get("optional", False))
    }


@cache
def _wants_environment(implementation: Implementation) -> bool:
    return _takes(implementation, "environment")


def _takes(function: Callable[..., Any], parameter: str) -> bool:
    return parameter in inspect.signature(function).parameters


@contextmanager
def _translated(process: str, where: str) -> Iterator[None]:
    """The boundary to implementations: whatever they raise becomes a `LocatedError`."""
    try:
        yield
    except LocatedError:
        raise
    except Exception as error:
        raise translate(error, process, where) from error


def translate(error: Exception, process: str, where: str) -> LocatedError:
    """The one place where errors of implementations become errors that a user may see.

    Our own errors and those of openeo-processes-dask keep their codes. Other errors over
    values are the user's (`ProcessParameterInvalid`), except in `save_result`, where all
    has been judged before; whatever else happens is `Internal`, its cause not for the user.
    """
    if isinstance(error, OpenEOError):
        return located(error, _place(process, where))
    place = f"{_place(process, where)}."
    if isinstance(error, OpenEOException):
        text = str(error) or "The process refuses these arguments"
        return LocatedError(type(error).__name__, f"{text.rstrip('.')} {place}")
    if isinstance(error, _WRONG_VALUES) and process != SAVING:
        logger.warning("Process %r failed at node %r", process, where, exc_info=error)
        text = f"The given values cannot be worked with: {_first_line(error)}"
        return LocatedError("ProcessParameterInvalid", f"{text} {place}")
    text = f"An unexpected {type(error).__name__} happened"
    return LocatedError("Internal", f"{text} {place}")


def _place(process: str, where: str) -> str:
    return f"(process '{process}' at node '{where}')"


def _first_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200].rstrip(".")


class _Saves:
    """Saves through the environment and remembers the files."""

    def __init__(self, environment: Environment, progress: _Progress) -> None:
        self.assets: list[SavedAsset] = []
        self._environment = environment
        self._more = (
            {"progress": progress.saving} if _takes(environment.save_result, "progress") else {}
        )

    def save(
        self,
        data: Any,
        format: str,  # noqa: A002  the name in openEO
        options: Mapping[str, Any],
    ) -> list[SavedAsset]:
        """What `save_result` calls."""
        assets = self._environment.save_result(data, format, options, **self._more)
        self.assets.extend(assets)
        names = ", ".join(asset.path.name for asset in assets)
        self._environment.log("info", f"Saved {len(assets)} file(s) as {format}: {names}.")
        for warning in dict.fromkeys(text for asset in assets for text in asset.warnings):
            self._environment.log("warning", warning)
        return assets


class _Progress:
    """Tells a growing share of the work: nodes, and parts of a saving, where all computing is."""

    def __init__(self, tell: Callable[[float], None], nodes: list[Node]) -> None:
        self._tell = tell
        self._total = sum(_weight(node) for node in nodes) or 1
        self._done = 0
        self._told = 0.0

    def finish(self, node: Node) -> None:
        """A node has been evaluated."""
        self._done += _weight(node)
        self._report(self._done / self._total)

    def saving(self, share: float) -> None:
        """A part (0 to 1) of what is being saved has been written."""
        self._report((self._done + _SAVING_WEIGHT * share) / self._total)

    def _report(self, share: float) -> None:
        if share >= self._told + 0.01 or share >= 1 > self._told:
            self._told = min(share, 1.0)
            self._tell(self._told)


def _weight(node: Node) -> int:
    return _SAVING_WEIGHT if node.process_id == SAVING else 1
