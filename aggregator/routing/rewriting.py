"""A process as the chosen backend understands it: with its own names, without the choice."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from aggregator.documents import JsonObject
from aggregator.ids import IdentifierError, split, split_path
from aggregator.routing.graphs import BACKENDS_PROPERTY, Keys, Node, Scope, valid_graph
from aggregator.routing.reading import argument, declared_parameters, is_predefined
from aggregator.routing.references import is_address, is_own_results, is_script

_REMOVE = object()
Edit = tuple[Keys, Any]


def rewrite_for(
    process: JsonObject,
    backend: str,
    *,
    own_ids: Mapping[str, str] | None = None,
    addresses: Mapping[str, str] | None = None,
    scopes: Sequence[Scope] = (),
) -> dict[str, Any]:
    """The process for `backend`, which was chosen to run it.

    Collections get the backend's own ids (`own_ids` by federated id, see `Abilities.own_ids`);
    conditions on `federation:backends` are removed, and `properties` with them if nothing is left;
    ids of this backend's jobs become its own, and so do addresses of results that begin with a key
    of `addresses`, the value being the backend's own base URL; paths of files that it keeps become
    those under which it knows them; a namespace that is the backend's id becomes `backend`. The
    process given is never changed; parts that stay the same are shared. `scopes` are its graphs if
    they have been read already (`Requirements.scopes`).

    Raises like `read_requirements` if the process is not valid. Linear in its size.
    """
    declared = declared_parameters(process)
    names = _Names(backend, own_ids or {}, addresses or {}, declared)
    edits = [
        edit
        for scope in scopes or valid_graph(process)
        if not scope.chooses
        for node_id, content in scope.graph.items()
        if content.get("namespace") == backend or content["process_id"] in _RENAMED
        for edit in _edits(Node(scope, node_id), names)
    ]
    return edited(process, edits)


class _Names:
    def __init__(
        self,
        backend: str,
        own_ids: Mapping[str, str],
        addresses: Mapping[str, str],
        declared: Mapping[str, Any],
    ) -> None:
        self.backend, self.own_ids = backend, own_ids
        self.addresses, self.declared = addresses, declared

    def own_reference(self, reference: str) -> str:
        """The backend's own id or address of a job that the reference means."""
        if not is_address(reference):
            return self._own_id(reference)
        for federation, own in self.addresses.items():
            base = f"{federation.rstrip('/')}/jobs/"
            if reference.startswith(base) and is_own_results(reference):
                job_id, _, rest = reference.removeprefix(base).partition("/")
                return f"{own.rstrip('/')}/jobs/{self._own_id(job_id)}/{rest}"
        return reference

    def own_path(self, path: Any) -> Any:
        """The backend's own path of a file that it keeps; everything else as it is."""
        try:
            return split_path(path, {self.backend})[1] if isinstance(path, str) else path
        except IdentifierError:
            return path

    def _own_id(self, identifier: str) -> str:
        try:
            return split(identifier, {self.backend})[1]
        except IdentifierError:
            return identifier


def _edits(node: Node, names: _Names) -> Iterator[Edit]:
    if node.namespace == names.backend and node.namespace not in ("user", "backend"):
        yield (*node.keys, "namespace"), "backend"
    if not is_predefined(node.namespace):
        return
    if node.process_id == "load_collection":
        yield from _collection_edits(node, names)
    yield from _file_edits(node, names)
    for name in REFERENCES.get(node.process_id, ()):
        reference = argument(node, name, names.declared)
        if isinstance(reference, str) and names.own_reference(reference) != reference:
            yield (*node.keys, "arguments", name), names.own_reference(reference)


REFERENCES: Mapping[str, tuple[str, ...]] = {
    "load_result": ("id",),
    "load_stac": ("url",),
    "load_ml_model": ("id", "model", "uri"),
    "export_workspace": ("workspace",),
}
"""The arguments in which processes refer to jobs and models."""
_RENAMED = frozenset(
    {"load_collection", "load_uploaded_files", "run_udf", "run_udf_externally", *REFERENCES}
)


def _file_edits(node: Node, names: _Names) -> Iterator[Edit]:
    if node.process_id == "load_uploaded_files":
        paths = argument(node, "paths", names.declared)
        own = [names.own_path(path) for path in paths] if isinstance(paths, list) else paths
        if own != paths:
            yield (*node.keys, "arguments", "paths"), own
    elif node.process_id.startswith("run_udf"):
        udf = argument(node, "udf", names.declared)
        if isinstance(udf, str) and is_script(udf) and names.own_path(udf) != udf:
            yield (*node.keys, "arguments", "udf"), names.own_path(udf)


def _collection_edits(node: Node, names: _Names) -> Iterator[Edit]:
    collection = argument(node, "id", names.declared)
    own = names.own_ids.get(collection) if isinstance(collection, str) else None
    if own is not None and own != collection:
        yield (*node.keys, "arguments", "id"), own
    properties = node.arguments.get("properties")
    if isinstance(properties, dict) and BACKENDS_PROPERTY in properties:
        keys = (*node.keys, "arguments", "properties")
        yield (keys if len(properties) == 1 else (*keys, BACKENDS_PROPERTY)), _REMOVE


def edited(process: JsonObject, edits: list[Edit]) -> dict[str, Any]:
    """A copy with the edits made; of what they lie in, each part is copied once."""
    copies: dict[Keys, Any] = {(): dict(process)}
    for keys, value in edits:
        container = copies[()]
        for depth, key in enumerate(keys[:-1], start=1):
            copy = copies.get(keys[:depth])
            if copy is None:
                copy = copies[keys[:depth]] = container[key].copy()
                container[key] = copy
            container = copy
        if value is _REMOVE:
            del container[keys[-1]]
        else:
            container[keys[-1]] = value
    return copies[()]  # type: ignore[no-any-return]
