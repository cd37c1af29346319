"""How a function is declared to be the implementation of a process."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, TypeVar

Implementation = Callable[..., Any]
F = TypeVar("F", bound=Implementation)

IMPLEMENTATIONS: Final[dict[str, Implementation]] = {}
"""Process id -> function that takes the process' arguments by name."""


def implements(identifier: str) -> Callable[[F], F]:
    """Declare a function as the implementation of a process; an id is declared once.

    A function with a parameter `environment` is given the `Environment` of its execution.
    """

    def declare(function: F) -> F:
        if identifier in IMPLEMENTATIONS:
            raise ValueError(f"The process {identifier!r} is declared twice.")
        IMPLEMENTATIONS[identifier] = function
        return function

    return declare
