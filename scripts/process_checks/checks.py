"""What is right, process by process: the examples of the definitions, and checks of our own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from backends.definitions import definitions
from scripts.process_checks.execution import Judge, Runner, alike

CONTRADICTORY: Final = frozenset({("array_modify", 3), ("count", 4)})
"""Examples that disagree with the definition around them: the first removes an element though
the default of `length` is 0, the second has a condition without `process_graph`."""

F = TypeVar("F", bound=Judge)


@dataclass(frozen=True)
class Check:
    """One run of a process: what it promises, and whether it keeps it (bool, lazily)."""

    process: str
    promise: str
    judge: Judge


_OWN: Final[list[Check]] = []


def check(process: str, promise: str) -> Callable[[F], F]:
    """Declare a function as a check of a process."""

    def declare(judge: F) -> F:
        _OWN.append(Check(process, promise, judge))
        return judge

    return declare


def own_checks() -> tuple[Check, ...]:
    """The checks of our own."""
    from scripts.process_checks import cube_checks, curve_checks, source_checks, value_checks

    del cube_checks, curve_checks, source_checks, value_checks  # Imported for what they declare.
    return tuple(_OWN)


def example_checks() -> tuple[Check, ...]:
    """One check per process with examples: that all of them come true."""
    found = []
    for process, definition in definitions().items():
        examples = [
            example
            for number, example in enumerate(definition.get("examples", []))
            if "returns" in example and (process, number) not in CONTRADICTORY
        ]
        if examples:
            promise = f"official examples ({len(examples)})"
            found.append(Check(process, promise, _all_true(process, examples)))
    return tuple(found)


def _all_true(process: str, examples: list[Mapping[str, Any]]) -> Judge:
    def judge(run: Runner) -> bool:
        return all(
            alike(run(process, **example["arguments"]), example["returns"]) for example in examples
        )

    return judge


def checks() -> dict[str, tuple[Check, ...]]:
    """Process id -> its checks."""
    found: dict[str, list[Check]] = {name: [] for name in definitions()}
    for item in (*example_checks(), *own_checks()):
        found[item.process].append(item)
    return {name: tuple(items) for name, items in found.items()}
