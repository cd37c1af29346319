"""The properties by process, and whether they hold at a backend."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from typing import Any, Final

from scripts.self_review.backend import Backend
from scripts.self_review.catalogue import AUTHENTICATED, load
from scripts.self_review.cubes import Cubes, cubes
from scripts.self_review.findings import NotJudgedError, failed
from scripts.self_review.graphs import graph, node, of
from scripts.self_review.probe.answer import Answer, NotJsonError
from scripts.self_review.probe.client import NoAnswerError

Test = Callable[[Cubes], list[str]]
"""Computes, and gives what is wrong; raises NotJudgedError, NoAnswerError, UnfitError."""


class UnfitError(Exception):
    """The sample is not such that the property could be tested; the text says why."""


@dataclass(frozen=True, slots=True)
class Property:
    """What must hold of a process. `needs` are the other processes that the test calls."""

    says: str
    needs: tuple[str, ...]
    test: Test


@dataclass(frozen=True, slots=True)
class Held:
    """What became of a property: the problems, and what was looked at, or why it was not."""

    problems: list[str]
    looked_at: str


PROPERTIES: Final[dict[str, Property]] = {}


def holds(process: str, says: str, *needs: str) -> Callable[[Test], Test]:
    """Registers the test of a property of a process."""

    def register(test: Test) -> Test:
        PROPERTIES[process] = Property(says, needs, test)
        return test

    return register


def held(backend: Backend, process: str) -> Held | None:
    """Whether the property of a process holds; None if there is none or nothing may be computed.

    Where nothing can be loaded and averaged the property is not tested: api-13 judges that. Nor is
    it where the call is refused and the process has details: they judge what it takes. Raises
    NotJudgedError with a failure if another process is refused, NoAnswerError.
    """
    known = PROPERTIES.get(process)
    if known is None or backend.account is None or backend.options.read_only:
        return None
    missing = [one for one in known.needs if one not in backend.processes_by_id]
    if missing:
        return Held([], f"no property, which needs {', '.join(missing)}")
    try:
        data = cubes(backend)
        data.base()
    except (NotJudgedError, NoAnswerError):
        return Held([], "no property, since no sample can be computed")
    return backend.once(("property", process), lambda: _tested(data, process, known))


@cache
def _with_details() -> frozenset[str]:
    """The processes of which details are judged by computing."""
    return frozenset(
        row.process
        for row in load()
        if row.process and row.parent is not None and row.method == AUTHENTICATED
    )


def _tested(data: Cubes, process: str, known: Property) -> Held:
    piece = data.sample
    where = f"{piece.collection}, {piece.start} to {piece.end}, {piece.size:g} degrees"
    try:
        return Held(known.test(data), f"that {known.says}, on {where}")
    except NotJudgedError as error:
        if process not in _with_details():
            raise
        return Held([], f"no property, since it is refused, which its details judge ({error})")
    except UnfitError as error:
        return Held([], f"no property, since {error} ({where})")


def value(data: Cubes, key: str, **nodes: Mapping[str, Any]) -> object:
    """The JSON value that nodes after the loaded cube give; None if the answer is no JSON.

    Raises NotJudgedError with a failure if it is refused.
    """
    process = graph(load=data.sample.load(), **nodes)
    answer = data.backend.making.result_once(key, process)
    return json_of(accepted(key, answer))


def accepted(key: str, answer: Answer) -> Answer:
    """The answer; raises NotJudgedError with a failure if it is an error."""
    if not answer.ok:
        raise NotJudgedError(failed(f"{key}: it answers {answer.status}.", answer))
    return answer


def json_of(answer: Answer) -> object:
    try:
        return answer.json()
    except NotJsonError:
        return None


def labels_of(data: Cubes, key: str, dimension: str, **nodes: Mapping[str, Any]) -> object:
    """The labels of a dimension after these nodes, the last of which gives the cube."""
    last = list(nodes)[-1] if nodes else "load"
    asked = node("dimension_labels", data=of(last), dimension=dimension)
    return value(data, key, **nodes, labels=asked)


def bands_of(data: Cubes, least: int = 1) -> str:
    """The dimension of bands; raises UnfitError if the sample has none, or not so many bands."""
    if not data.sample.bands_dimension or len(data.sample.bands) < least:
        raise UnfitError(f"the sample has {len(data.sample.bands)} bands, not {least}")
    return data.sample.bands_dimension
