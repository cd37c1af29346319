"""The known answers, computed by the backend: many calls in one request."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from scripts.self_review.backend import Backend
from scripts.self_review.findings import NotJudgedError
from scripts.self_review.known_answers import KNOWN, Known, alone, equal, packed
from scripts.self_review.probe.answer import Answer, NotJsonError
from scripts.self_review.probe.client import NoAnswerError

TOGETHER = 20
"""So many calls go into one request."""


@dataclass(frozen=True, slots=True)
class Computed:
    """What a backend made of a call: its value, or why there is none; and by which answer."""

    call: Known
    value: object
    refused: str
    answer: Answer

    @property
    def problem(self) -> str:
        """What is wrong with it; empty if the answer is the known one."""
        if self.refused:
            return f"{self.call.call} is refused: {self.refused}"
        if equal(self.value, self.call.answer):
            return ""
        return f"{self.call.call} gave {self.value!r}, not {self.call.answer!r}"


def computed(backend: Backend) -> dict[str, list[Computed]]:
    """What the backend makes of the calls of each process that it offers.

    Empty without a login, in a read-only review, and where nothing is computed or answered at
    all: that is judged by api-900.
    """
    try:
        backend.making  # noqa: B018 - raises where this review may compute nothing
        return backend.once("known answers", lambda: _compute(backend))
    except (NotJudgedError, NoAnswerError):
        return {}


def _compute(backend: Backend) -> dict[str, list[Computed]]:
    calls = [one for one in KNOWN if one.process in backend.processes_by_id]
    size = TOGETHER if "array_create" in backend.processes_by_id else 1
    found: dict[str, list[Computed]] = {}
    for start in range(0, len(calls), size):
        made = _together(backend, calls[start : start + size])
        if start == 0 and all(one.refused for one in made):
            return {}
        for one in made:
            found.setdefault(one.call.process, []).append(one)
    return found


def _together(backend: Backend, calls: Sequence[Known]) -> list[Computed]:
    """The results of these calls; by halves where they cannot be computed together."""
    if len(calls) == 1:
        return [_alone(backend, calls[0])]
    answer = backend.making.result(packed(list(calls)))
    values = _value(answer)
    if isinstance(values, list) and len(values) == len(calls):
        pairs = zip(calls, values, strict=True)
        return [Computed(call, value, "", answer) for call, value in pairs]
    half = len(calls) // 2
    return [*_together(backend, calls[:half]), *_together(backend, calls[half:])]


def _alone(backend: Backend, call: Known) -> Computed:
    answer = backend.making.result(alone(call))
    if not answer.ok:
        return Computed(call, None, f"{answer.status} {answer.beginning[:100]}", answer)
    return Computed(call, _value(answer), "", answer)


def _value(answer: Answer) -> object:
    """The value of an answer; None where there is none."""
    if not answer.ok:
        return None
    try:
        return answer.json()
    except NotJsonError:
        return None
