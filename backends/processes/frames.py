"""Which cube the values in a callback come from.

Callbacks see fields and arrays without names. A user-defined function wants the cube around
them: processes that call callbacks say here what their values are part of.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Frame:
    """The cube (xarray.DataArray) whose values a callback sees, with the same axes.

    `dimension`: the one that the callback works along, which is the first axis; None for
    pixels. `dropped`: it gives a single value along it.
    """

    cube: Any
    dimension: str | None = None
    dropped: bool = False


_FRAME: ContextVar[Frame | None] = ContextVar("frame", default=None)


@contextmanager
def framed(cube: Any, dimension: str | None = None, *, dropped: bool = False) -> Iterator[None]:
    """Callbacks that are called within see the values of this cube."""
    token = _FRAME.set(Frame(cube, dimension, dropped))
    try:
        yield
    finally:
        _FRAME.reset(token)


def current_frame() -> Frame | None:
    """What the callback that is being called sees, if it sees a cube's values."""
    return _FRAME.get()
