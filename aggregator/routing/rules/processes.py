"""A backend must offer every predefined process, callbacks included, with its arguments."""

from collections.abc import Iterator

from aggregator.routing.abilities import Abilities
from aggregator.routing.requirements import Requirements
from aggregator.routing.suggestions import shortened
from aggregator.routing.verdicts import Asked, Reason


def concerns(needs: Requirements, _asked: Asked) -> bool:
    """Whether there is anything to judge."""
    return bool(needs.predefined)


def judge(needs: Requirements, backend: Abilities, asked: Asked) -> Iterator[Reason]:
    """Judge by the ids of processes and the names of their parameters.

    A process without a namespace may also be one that the user has stored at the backend; what its
    parameters are is not known here.
    """
    if needs.calls <= backend.signs:
        return
    if backend.processes is None:
        yield Reason("processes", "has not told its processes yet")
        return
    for need in needs.predefined:
        if need.namespace is None and asked.has_stored(backend.backend, need.id):
            continue
        if need.id not in backend.processes:
            text = f"has no process '{shortened(need.id, 100)}'"
            yield Reason("processes", text, need.path, {"process": need.id})
            continue
        parameters = backend.processes[need.id]
        if parameters is None:
            continue
        for name, path in need.arguments.items():
            if name not in parameters:
                text = f"has process '{need.id}' without parameter '{shortened(name, 100)}'"
                about = {"process": need.id, "parameter": name}
                yield Reason("processes", text, path, about)
