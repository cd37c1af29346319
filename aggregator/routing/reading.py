"""Requirements read from a process: the whole of it, graphs within graphs included."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from aggregator.documents import JsonObject
from aggregator.errors import ProcessGraphInvalid
from aggregator.routing.choices import read_condition
from aggregator.routing.extents import read_interval
from aggregator.routing.graphs import BACKENDS_PROPERTY, Node, Scope, valid_graph
from aggregator.routing.projections import box_in_degrees
from aggregator.routing.references import is_address, is_own_results, is_script
from aggregator.routing.requirements import (
    CollectionNeed,
    ExplicitNeed,
    FormatNeed,
    ProcessNeed,
    ReferenceKind,
    ReferenceNeed,
    Requirements,
    UdfNeed,
)
from aggregator.routing.suggestions import enumerated, shortened

OTHER_NAMESPACES = ("http://", "https://")


def read_requirements(
    process: JsonObject,
    *,
    parameters: Sequence[str] | None = None,
) -> Requirements:
    """What the process needs, each need with the path of its node.

    An argument that comes from a parameter counts with the parameter's default, if the process
    declares one, and otherwise restricts nothing. `parameters` are the names that whoever runs the
    process provides beside those that it declares; if they are given, a reference to any other is
    an error.

    Raises ProcessInvalid, ProcessGraphMissing, ProcessGraphInvalid (naming nodes and what would be
    right), ProcessGraphComplexity (past a limit), ProcessParameterInvalid (a condition on
    `federation:backends` that is not understood). Linear in the size of the document.
    """
    scopes = valid_graph(process)
    declared = declared_parameters(process)
    if parameters is not None:
        _check_parameters(scopes[0], {*parameters, *declared})
    needs = _Needs(declared)
    for scope in scopes:
        if not scope.chooses:
            needs.add(scope)
    return needs.requirements(sum(len(scope.graph) for scope in scopes), scopes)


def read_each(process: JsonObject) -> dict[str, Requirements]:
    """What each node of the outermost graph needs by itself, with all that is nested in it.

    Raises like `read_requirements`. Linear in the size of the document.
    """
    outermost, *nested = valid_graph(process)
    declared = declared_parameters(process)
    within: dict[str, list[Scope]] = {node_id: [] for node_id in outermost.graph}
    for scope in nested:
        within[str(scope.keys[1])].append(scope)
    found = {}
    for node_id, content in outermost.graph.items():
        needs = _Needs(declared)
        needs.add(replace(outermost, graph={node_id: content}))
        for scope in within[node_id]:
            if not scope.chooses:
                needs.add(scope)
        found[node_id] = needs.requirements(1 + sum(len(s.graph) for s in within[node_id]))
    return found


def declared_parameters(process: JsonObject) -> dict[str, Any]:
    """The parameters that a process declares, with their defaults (None if there is none)."""
    declared = process.get("parameters")
    return {
        parameter["name"]: parameter.get("default")
        for parameter in (declared if isinstance(declared, list) else ())
        if isinstance(parameter, Mapping) and isinstance(parameter.get("name"), str)
    }


def argument(node: Node, name: str, declared: Mapping[str, Any]) -> Any:
    """An argument as far as it is known: None if it is not given or known only when run."""
    value = node.arguments.get(name)
    if not isinstance(value, dict):
        return value
    if "from_parameter" in value:
        # Within callbacks a parameter of the same name may be another one.
        return None if node.scope.path else declared.get(value["from_parameter"])
    return None if "from_node" in value else value


class _Needs:
    """Gathers the needs; equal ones are kept once, with the first path."""

    def __init__(self, declared: Mapping[str, Any]) -> None:
        self.declared = declared
        self.calls: dict[tuple[str, str | None], tuple[str, dict[str, str]]] = {}
        self.collections: dict[Any, CollectionNeed] = {}
        self.output_formats: dict[str, FormatNeed] = {}
        self.input_formats: dict[str, FormatNeed] = {}
        self.udfs: dict[Any, UdfNeed] = {}
        self.references: dict[Any, ReferenceNeed] = {}
        self.explicit: list[ExplicitNeed] = []

    def add(self, scope: Scope) -> None:
        for node_id, content in scope.graph.items():
            process_id, namespace = content["process_id"], content.get("namespace")
            call = self.calls.get((process_id, namespace))
            if call is None:
                call = self.calls[process_id, namespace] = (scope.path + node_id, {})
            passed = call[1]
            for name, value in content["arguments"].items():
                if value is not None and name not in passed:
                    passed[name] = scope.path + node_id
            read = _READERS.get(process_id)
            if read is not None and is_predefined(namespace):
                read(self, Node(scope, node_id))

    def argument(self, node: Node, name: str) -> Any:
        return argument(node, name, self.declared)

    def requirements(self, nodes: int, scopes: Sequence[Scope] = ()) -> Requirements:
        return Requirements(
            nodes=nodes,
            collections=tuple(self.collections.values()),
            processes=tuple(
                ProcessNeed(process_id, namespace, path, passed)
                for (process_id, namespace), (path, passed) in self.calls.items()
            ),
            output_formats=tuple(self.output_formats.values()),
            input_formats=tuple(self.input_formats.values()),
            udfs=tuple(self.udfs.values()),
            references=tuple(self.references.values()),
            explicit=tuple(self.explicit),
            scopes=scopes,
        )


def is_predefined(namespace: str | None) -> bool:
    """Whether a process of openEO's own name in this namespace is openEO's own process."""
    return namespace != "user" and not (namespace or "").startswith(OTHER_NAMESPACES)


def _read_collection(needs: _Needs, node: Node) -> None:
    given = node.arguments.get("properties")
    condition = given.get(BACKENDS_PROPERTY) if isinstance(given, dict) else None
    if condition is not None:
        path = f"{node.path}/properties/{BACKENDS_PROPERTY}"
        needs.explicit.append(ExplicitNeed(read_condition(condition, path), node.path))
    collection = needs.argument(node, "id")
    if not isinstance(collection, str):
        return
    bands = needs.argument(node, "bands")
    need = CollectionNeed(
        id=collection,
        path=node.path,
        bands=tuple(b for b in bands if isinstance(b, str)) if isinstance(bands, list) else (),
        box=box_in_degrees(needs.argument(node, "spatial_extent")),
        interval=read_interval(needs.argument(node, "temporal_extent")),
    )
    needs.collections.setdefault((need.id, need.bands, need.box, need.interval), need)


def _read_output(needs: _Needs, node: Node) -> None:
    name = needs.argument(node, "format")
    if isinstance(name, str):
        needs.output_formats.setdefault(name.casefold(), FormatNeed(name, node.path))


def _read_files(needs: _Needs, node: Node) -> None:
    _read_input(needs, node)
    paths = needs.argument(node, "paths")
    for path in paths if isinstance(paths, list) else ():
        if isinstance(path, str):
            _keep_file(needs, node, path)


def _keep_file(needs: _Needs, node: Node, path: str) -> None:
    needs.references.setdefault((path, "file"), ReferenceNeed(path, "file", True, node.path))


def _read_input(needs: _Needs, node: Node) -> None:
    name = needs.argument(node, "format")
    if isinstance(name, str):
        needs.input_formats.setdefault(name.casefold(), FormatNeed(name, node.path))


def _read_udf(needs: _Needs, node: Node) -> None:
    runtime, version = needs.argument(node, "runtime"), needs.argument(node, "version")
    if isinstance(runtime, str):
        known = version if isinstance(version, str) and version else None
        needs.udfs.setdefault((runtime, known), UdfNeed(runtime, known, node.path))
    udf = needs.argument(node, "udf")
    if isinstance(udf, str) and is_script(udf):
        _keep_file(needs, node, udf)


def _read_result(needs: _Needs, node: Node) -> None:
    _refer(needs, node, "id", "result")


def _read_stac(needs: _Needs, node: Node) -> None:
    _refer(needs, node, "url", "stac")


def _read_model(needs: _Needs, node: Node) -> None:
    # Versions of the proposal differ in the name of the parameter.
    for name in ("id", "model", "uri"):
        _refer(needs, node, name, "model")


def _read_export(needs: _Needs, node: Node) -> None:
    workspace = needs.argument(node, "workspace")
    if isinstance(workspace, str):
        need = ReferenceNeed(workspace, "workspace", True, node.path)
        needs.references.setdefault((workspace, "workspace"), need)


def _refer(needs: _Needs, node: Node, name: str, kind: ReferenceKind) -> None:
    reference = needs.argument(node, name)
    if isinstance(reference, str):
        binding = is_own_results(reference) if is_address(reference) else kind != "stac"
        need = ReferenceNeed(reference, kind, binding, node.path)
        needs.references.setdefault((reference, kind), need)


_READERS: Mapping[str, Callable[[_Needs, Node], None]] = {
    "load_collection": _read_collection,
    "save_result": _read_output,
    "load_uploaded_files": _read_files,
    "load_url": _read_input,
    "run_udf": _read_udf,
    "run_udf_externally": _read_udf,
    "load_result": _read_result,
    "load_stac": _read_stac,
    "load_ml_model": _read_model,
    "export_workspace": _read_export,
}


def _check_parameters(scope: Scope, known: set[str]) -> None:
    for node_id, content in scope.graph.items():
        for value in content["arguments"].values():
            name = value.get("from_parameter") if isinstance(value, dict) else None
            if isinstance(name, str) and name not in known:
                there = enumerated(sorted(known)) or "there are none"
                raise ProcessGraphInvalid(
                    f"Node '{shortened(node_id)}' refers to the parameter '{shortened(name)}', "
                    f"which the process does not declare (parameters: {there})."
                )
