"""A process as its backend keeps it, told in the federation's words: undoes `rewrite_for`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from aggregator.documents import JsonObject
from aggregator.errors import OpenEOError
from aggregator.ids import federate, join_path
from aggregator.routing.graphs import Node, valid_graph
from aggregator.routing.reading import is_predefined
from aggregator.routing.references import is_address, is_own_results, is_script
from aggregator.routing.rewriting import REFERENCES, Edit, edited

_OWN = "backend"


def restore_from(
    process: JsonObject,
    backend: str,
    *,
    names: Mapping[str, str] | None = None,
    addresses: Mapping[str, str] | None = None,
) -> dict[str, Any]:
    """The process in words that mean the same when they are sent to the federation.

    Collections get their federated ids (`names` by the backend's own id); ids of jobs and paths of
    files get the backend before them; addresses of results that begin with a key of `addresses`,
    a base URL of the backend, become those below the value, the federation's; the namespace
    `backend` becomes the backend's id. What `rewrite_for` gives comes back as it was sent, but for
    what is gone: the choice of a backend, and parameters and users' processes, which were written
    out.

    A process that is not valid is given as it is: it is the backend's, and only shown.
    """
    try:
        scopes = valid_graph(process)
    except OpenEOError:
        return dict(process)
    words = _Words(backend, names or {}, addresses or {})
    edits = [
        edit
        for scope in scopes
        if not scope.chooses
        for node_id in scope.graph
        for edit in _edits(Node(scope, node_id), words)
    ]
    return edited(process, edits)


class _Words:
    def __init__(
        self, backend: str, names: Mapping[str, str], addresses: Mapping[str, str]
    ) -> None:
        self.backend, self.names, self.addresses = backend, names, addresses

    def collection(self, own_id: str) -> str:
        return self.names.get(own_id, own_id)

    def reference(self, reference: str) -> str:
        """The federation's id or address of a job that the backend's own means."""
        if not is_address(reference):
            return federate(self.backend, reference) if reference else reference
        for own, federation in self.addresses.items():
            base = f"{own.rstrip('/')}/jobs/"
            if reference.startswith(base) and is_own_results(reference):
                job_id, _, rest = reference.removeprefix(base).partition("/")
                identifier = federate(self.backend, job_id)
                return f"{federation.rstrip('/')}/jobs/{identifier}/{rest}"
        return reference

    def path(self, path: Any) -> Any:
        return join_path(self.backend, path) if isinstance(path, str) and path else path


def _edits(node: Node, words: _Words) -> Iterator[Edit]:
    if node.namespace == _OWN:
        yield (*node.keys, "namespace"), words.backend
    if not is_predefined(node.namespace):
        return
    for name, value in node.arguments.items():
        found = _restored(node.process_id, name, value, words)
        if found != value:
            yield (*node.keys, "arguments", name), found


def _restored(process_id: str, name: str, value: Any, words: _Words) -> Any:
    if isinstance(value, list) and (process_id, name) == ("load_uploaded_files", "paths"):
        return [words.path(path) for path in value]
    if not isinstance(value, str):
        return value
    if (process_id, name) == ("load_collection", "id"):
        return words.collection(value)
    if name in REFERENCES.get(process_id, ()):
        # An address in `url` only is one: nothing else could stand there.
        return words.reference(value) if name != "url" or is_address(value) else value
    if process_id.startswith("run_udf") and name == "udf" and is_script(value):
        return words.path(value)
    return value
