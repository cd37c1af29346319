"""Reading configuration: typed values, and every mistake with its key path."""

import difflib
import re
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, TypeVar

import yaml

if TYPE_CHECKING:
    from _typeshed import DataclassInstance


@dataclass(frozen=True)
class Mistake:
    """One thing wrong in a profile: where, what, and what would be right."""

    where: str
    problem: str
    hint: str = ""

    def __str__(self) -> str:
        return f"{self.where}: {self.problem}" + (f" ({self.hint})" if self.hint else "")


class ProfileError(Exception):
    """A profile that cannot be used, with all its mistakes."""

    def __init__(self, source: str, mistakes: Iterable[Mistake]) -> None:
        self.source = source
        self.mistakes = tuple(mistakes)
        lines = "\n".join(f"  {mistake}" for mistake in self.mistakes)
        super().__init__(f"{source}:\n{lines}")


def read_document(path: Path) -> object:
    """What stands in a YAML file; ``ProfileError`` where it is missing or no YAML."""
    try:
        return yaml.load(path.read_text(encoding="utf-8"), _UniqueKeys)  # noqa: S506 - a SafeLoader
    except OSError as error:
        reason = error.strerror or str(error)
        raise ProfileError(str(path), [Mistake("the file", f"cannot be read: {reason}")]) from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ProfileError(
            str(path), [Mistake("the file", f"is no YAML: {_said(error)}")]
        ) from error


def _said(error: Exception) -> str:
    """What is wrong and where, in one line, without the picture that points at the place."""
    if not isinstance(error, yaml.MarkedYAMLError):
        return " ".join(str(error).split())
    told = ((error.context, error.context_mark), (error.problem, error.problem_mark))
    parts = [
        text + (f" at line {mark.line + 1}, column {mark.column + 1}" if mark else "")
        for text, mark in told
        if text
    ]
    return ", ".join(parts)


class _UniqueKeys(yaml.SafeLoader):
    """YAML in which a key that stands twice is a mistake instead of the last one winning."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Any, Any]:
        seen: set[str] = set()
        for key, _ in node.value:
            name = str(getattr(key, "value", key))
            if name in seen and name != "<<":
                raise yaml.constructor.ConstructorError(
                    None, None, f"the key {name!r} stands here twice", key.start_mark
                )
            seen.add(name)
        return super().construct_mapping(node, deep)


Numbers = TypeVar("Numbers", bound="DataclassInstance")
FREE: Final[Mapping[str, Any]] = {"free": True}
"""Metadata of a number that may be 0 though its default is not."""


class Reader:
    """Reads typed values and notes what is wrong instead of stopping at it."""

    def __init__(self, mistakes: list[Mistake]) -> None:
        self.mistakes = mistakes

    def add(self, where: str, problem: str, hint: str = "") -> None:
        """Note a mistake at a key."""
        self.mistakes.append(Mistake(where, problem, hint))

    def unknown_keys(self, where: str, given: Mapping[str, Any], allowed: Collection[str]) -> None:
        """Note every key that is none of the allowed ones."""
        for key in given:
            if key not in allowed:
                path = f"{where}.{key}" if where else str(key)
                self.add(path, "is not known", f"possible are {', '.join(sorted(allowed))}")

    def text(self, where: str, value: object) -> str:
        """A text that is not blank; an empty one where it is none."""
        if not isinstance(value, str) or not value.strip():
            self.add(where, "is missing" if value is None else "must be a non-empty text")
            return ""
        return value

    def choice(self, where: str, value: object, allowed: Collection[str]) -> str:
        """One of the allowed texts."""
        if value not in allowed:
            problem = "is missing" if value is None else f"{value!r} is not possible"
            self.add(where, problem, f"one of {', '.join(allowed)}")
        return str(value)

    def pattern(self, where: str, value: object, pattern: re.Pattern[str], hint: str) -> str:
        """A text that the whole pattern fits, else an empty one; the hint says what would fit."""
        if not isinstance(value, str) or not pattern.fullmatch(value):
            problem = "is missing" if value is None else f"{value!r} is not possible"
            self.add(where, problem, hint)
            return ""
        return value

    def mapping(self, where: str, value: object) -> dict[str, Any]:
        """A mapping; an empty one where it is none."""
        if not isinstance(value, dict):
            self.add(where, "is missing" if value is None else "must be a mapping")
            return {}
        return value

    def sequence(self, where: str, value: object) -> list[Any]:
        """A list; an empty one where it is none."""
        if not isinstance(value, list):
            self.add(where, "is missing" if value is None else "must be a list")
            return []
        return value

    def names(
        self, where: str, value: object, known: Collection[str] | None, *, empty: bool = False
    ) -> tuple[str, ...]:
        """Texts, each once: `known` ones where these are given, one at least unless `empty`."""
        names = self.sequence(where, value)
        if not names and value is not None and not empty:
            self.add(where, "must name at least one")
        for number, name in enumerate(names):
            if not isinstance(name, str):
                self.add(f"{where}[{number}]", f"{name!r} is no text")
            elif known is not None and name not in known:
                self.add(f"{where}[{number}]", f"{name!r} is not known", _nearest(name, known))
        return tuple(dict.fromkeys(str(name) for name in names))

    def numbers(self, where: str, value: object, kind: type[Numbers]) -> Numbers:
        """Read a mapping keyed by the fields of ``kind``; the left-out keep their default."""
        given = {} if value is None else self.mapping(where, value)
        defaults = {item.name: item.default for item in fields(kind)}
        free = {item.name for item in fields(kind) if item.metadata.get("free")}
        self.unknown_keys(where, given, defaults)
        values = {key: given[key] for key in given if key in defaults}
        for key, number in values.items():
            self._number(f"{where}.{key}", number, 0.0 if key in free else defaults[key])
        return kind(**values)

    def _number(self, where: str, value: object, default: object) -> None:
        if isinstance(default, str):
            self.text(where, value)
        elif isinstance(value, bool) or not isinstance(value, int | float):
            self.add(where, f"{value!r} is no number")
        elif isinstance(default, int) and not isinstance(value, int):
            self.add(where, f"{value!r} is no whole number")
        elif value < 0 or (value == 0 and default != 0.0):
            self.add(where, f"{value!r} is too small")


def _nearest(name: str, known: Collection[str]) -> str:
    close = difflib.get_close_matches(name, list(known), n=3)
    return f"did you mean {', '.join(close)}?" if close else ""
