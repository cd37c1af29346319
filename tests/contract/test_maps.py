"""The map of a room, in the docstring of its package, is a map of the room that there is."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
ROOMS = ("aggregator", "backends", "scripts")


def described(package: Path) -> str:
    return ast.get_docstring(ast.parse((package / "__init__.py").read_text(encoding="utf-8"))) or ""


def modules(package: Path) -> set[str]:
    """What can be imported from the package, but for what runs it as a program."""
    found = [path.stem for path in package.glob("*.py")]
    found += [path.parent.name for path in package.glob("*/__init__.py")]
    return {name for name in found if not name.startswith("__")}


def in_the_map(package: Path) -> set[str]:
    """The names in the left column of the map."""
    column = re.findall(r"^ {4}(\S.*?)(?: {2,}|$)", described(package), re.MULTILINE)
    return set(re.findall(r"\w+", " ".join(column)))


def in_the_text(package: Path) -> set[str]:
    """The names that the text around it marks as such."""
    return set(re.findall(r"`(\w+)`", described(package)))


MAPPED = [
    package
    for room in ROOMS
    for package in sorted(path.parent for path in (PROJECT / room).rglob("__init__.py"))
    # What stands in the docstring of `errors` is a tree of classes.
    if "::\n" in described(package) and modules(package) and package.name != "errors"
]


@pytest.mark.parametrize("package", MAPPED, ids=lambda path: str(path.relative_to(PROJECT)))
def test_a_map_names_every_module_and_nothing_else(package: Path) -> None:
    assert in_the_map(package) - modules(package) == set()
    assert modules(package) - in_the_map(package) - in_the_text(package) == set()


def test_the_rooms_of_the_aggregator_have_maps() -> None:
    names = {str(path.relative_to(PROJECT)) for path in MAPPED}
    assert {"aggregator", "aggregator/usecases", "aggregator/upstream"} <= names


def test_the_self_review_has_maps() -> None:
    names = {str(path.relative_to(PROJECT)) for path in MAPPED}
    assert {"scripts/self_review", "scripts/self_review/checks"} <= names
