"""Small calls with known answers, for processes that need no data of a collection.

Each follows from the definition of the process; answers are compared with a tolerance. Angles are
in radians. `None` is no-data.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any, Final

from scripts.self_review.graphs import Graph, calling, graph, node, of

TOLERANCE: Final = 1e-5
"""Relative: backends may compute in single precision."""


@dataclass(frozen=True, slots=True)
class Known:
    """A call of a process, and what it must give."""

    process: str
    arguments: dict[str, Any]
    answer: Any

    @property
    def call(self) -> str:
        """The call as text, for people."""
        said = ", ".join(f"{key}={value!r}" for key, value in self.arguments.items())
        return f"{self.process}({said})"


def _of(process: str, answer: Any, **arguments: Any) -> Known:
    return Known(process, arguments, answer)


_XY = (
    ("add", 5, 2.5, 7.5),
    ("subtract", 5, 2.5, 2.5),
    ("multiply", 5, 2.5, 12.5),
    ("divide", 5, 2.5, 2),
    ("mod", 27, 5, 2),
    ("mod", -27, 5, 3),
    ("eq", 1, 1, True),
    ("eq", 1, 2, False),
    ("neq", 1, 2, True),
    ("gt", 2, 1, True),
    ("gte", 1, 1, True),
    ("lt", 1, 2, True),
    ("lte", 2, 1, False),
    ("and", True, False, False),
    ("and", True, True, True),
    ("or", True, False, True),
    ("xor", True, True, False),
    ("normalized_difference", 5, 3, 0.25),
)
_X = (
    ("absolute", -3.5, 3.5),
    ("arccos", 1, 0),
    ("arcsin", 1, math.pi / 2),
    ("arctan", 1, math.pi / 4),
    ("arcosh", 1, 0),
    ("arsinh", 1, math.asinh(1)),
    ("artanh", 0.5, math.atanh(0.5)),
    ("ceil", 3.2, 4),
    ("ceil", -3.2, -3),
    ("floor", 3.8, 3),
    ("floor", -3.2, -4),
    ("int", -3.9, -3),
    ("cos", 0, 1),
    ("cosh", 0, 1),
    ("sin", math.pi / 2, 1),
    ("sinh", 1, math.sinh(1)),
    ("sqrt", 9, 3),
    ("tan", math.pi / 4, 1),
    ("tanh", 1, math.tanh(1)),
    ("ln", math.e, 1),
    ("sgn", -2, -1),
    ("not", False, True),
    ("is_nodata", 1, False),
    ("is_valid", 1, True),
    ("is_nan", 1, False),
)
_DATA: tuple[tuple[str, list[Any], Any], ...] = (
    ("max", [1, 5, 3], 5),
    ("min", [1, 5, 3], 1),
    ("mean", [1, 0, 3, 2], 1.5),
    ("median", [1, 3, 3, 6, 7, 8, 9], 6),
    ("sum", [5, 1], 6),
    ("product", [5, 2], 10),
    ("sd", [-1, 1, 3, None], 2),
    ("variance", [-1, 1, 3], 4),
    ("first", [1, 0, 3, 2], 1),
    ("last", [1, 0, 3, 2], 2),
    ("extrema", [1, 0, 3, 2], [0, 3]),
    ("all", [True, True], True),
    ("any", [False, True], True),
    ("count", [1, 0, 3, 2], 4),
    ("sort", [6, -1, 2, 7, 4, 8], [-1, 2, 4, 6, 7, 8]),
)
KNOWN: Final[tuple[Known, ...]] = (
    *(_of(name, answer, x=x, y=y) for name, x, y, answer in _XY),
    *(_of(name, answer, x=x) for name, x, answer in _X),
    *(_of(name, answer, data=data) for name, data, answer in _DATA),
    _of("arctan2", math.pi / 4, y=1, x=1),
    _of("array_concat", ["a", "b", 1, 2], array1=["a", "b"], array2=[1, 2]),
    _of("array_create", ["this", "is", "a", "test"], data=["this", "is", "a", "test"]),
    _of("array_create", ["A", "A", "A"], data=["A"], repeat=3),
    _of("array_element", 7, data=[9, 8, 7, 6, 5], index=2),
    _of("array_find", 1, data=[1, 0, 3, 2], value=0),
    _of("array_contains", True, data=[1, 2, 3], value=2),
    _of("between", True, x=0.5, min=0, max=1),
    _of("between", False, x=1, min=0, max=1, exclude_max=True),
    _of("clip", 10, x=12, min=0, max=10),
    _of("constant", 42, x=42),
    _of("e", math.e),
    _of("exp", math.e**2, p=2),
    _of("if", "A", value=True, accept="A", reject="B"),
    _of("if", "B", value=False, accept="A", reject="B"),
    _of("linear_scale_range", 0.5, x=0.5, inputMin=0, inputMax=1, outputMin=0, outputMax=1),
    _of("linear_scale_range", 76.5, x=0.3, inputMin=0, inputMax=1, outputMin=0, outputMax=255),
    _of("log", 1, x=10, base=10),
    _of("log", 2, x=4, base=2),
    _of("pi", math.pi),
    _of("power", 8, base=2, p=3),
    _of("quantiles", [3, 4.5, 6], data=[2, 3, 4, 5, 6, 7], probabilities=[0.2, 0.5, 0.8]),
    _of("round", 3.57, x=3.5678, p=2),
    _of("round", -2, x=-2.5),
    _of("is_nodata", True, x=None),
    _of("is_valid", False, x=None),
    _of("max", 3, data=[1, None, 3]),
    _of("mean", 2, data=[1, None, 3]),
    _of("count", 3, data=[1, None, 3], condition=True),
)


def packed(calls: list[Known]) -> Graph:
    """One process that makes all of these calls, and gives their results as an array."""
    nodes = {f"call{i}": node(one.process, **one.arguments) for i, one in enumerate(calls)}
    return graph(**nodes, all=node("array_create", data=[of(name) for name in nodes]))


def alone(one: Known) -> Graph:
    """A process of this call only."""
    return calling(one.process, **one.arguments)


def equal(found: object, wanted: object) -> bool:
    """Whether two values are the same, numbers nearly so, arrays one by one."""
    if isinstance(wanted, list):
        if not isinstance(found, list) or len(found) != len(wanted):
            return False
        return all(equal(a, b) for a, b in zip(found, wanted, strict=True))
    if isinstance(wanted, bool | str) or wanted is None:
        # Some backends write truth as numbers, which Python takes for equal.
        return found == wanted
    if isinstance(found, bool) or not isinstance(found, int | float):
        return False
    if not isinstance(wanted, int | float):
        return False
    return math.isclose(found, wanted, rel_tol=TOLERANCE, abs_tol=TOLERANCE)
