"""A process in a namespace of its own must be reachable from the backend."""

from collections.abc import Iterator

from aggregator.routing.abilities import Abilities
from aggregator.routing.requirements import ProcessNeed, Requirements
from aggregator.routing.suggestions import shortened
from aggregator.routing.verdicts import Asked, Reason

REMOTE_PROCESSES = "https://api.openeo.org/extensions/remote-process-definition/"


def concerns(needs: Requirements, _asked: Asked) -> bool:
    """Whether there is anything to judge."""
    return bool(needs.foreign)


def judge(needs: Requirements, backend: Abilities, asked: Asked) -> Iterator[Reason]:
    """Judge processes of one backend, and processes at an address.

    Namespaces of other kinds are a backend's own affair and restrict nothing; users' own processes
    have been written out before.
    """
    for need in needs.foreign:
        text = _against(need, need.namespace or "", backend, asked)
        if text:
            yield Reason("namespaces", text, need.path)


def _against(need: ProcessNeed, namespace: str, backend: Abilities, asked: Asked) -> str:
    process = f"'{shortened(need.id, 100)}'"
    if namespace == backend.backend:
        return "" if need.id in backend.process_ids else f"has no process {process}"
    if namespace in asked.members:
        return f"is not backend '{namespace}', whose process {process} is asked for"
    if namespace.startswith(("https://", "http://")):
        remote = any(name.startswith(REMOTE_PROCESSES) for name in backend.conformance)
        return "" if remote else f"does not fetch processes, such as {process}, from an address"
    return ""
