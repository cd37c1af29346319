"""Notes: what merging saw that an operator may want to know.

Each note has a code from :data:`~aggregator.merging.note_codes.NOTE_CODES`, which fixes its
level, its description and the template of its message.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar
from unicodedata import category

from aggregator.merging.note_codes import LEVELS, NOTE_CODES

T = TypeVar("T")

_UNREADABLE = ("Cc", "Cf", "Zl", "Zp")
"""Characters that are seen by what they do only: controls, marks of direction, line ends."""


@dataclass(frozen=True, slots=True)
class Note:
    """One observation: a code, what it is about, the backends concerned and their values.

    ``subject`` is a path such as ``collections/SENTINEL2_L2A/cube:dimensions/t``.
    """

    code: str
    subject: str
    backends: tuple[str, ...]
    values: Mapping[str, Any] = field(default_factory=dict)

    @property
    def level(self) -> str:
        """The level of the note's code."""
        return NOTE_CODES[self.code].level

    @property
    def description(self) -> str:
        """What the note's code means in general."""
        return NOTE_CODES[self.code].description

    @property
    def message(self) -> str:
        """One sentence on this very observation."""
        words = {key: _shown(value) for key, value in self.values.items()}
        words.update(subject=self.subject, backends=", ".join(self.backends))
        return _readable(NOTE_CODES[self.code].message.format_map(words))

    def as_json(self) -> dict[str, Any]:
        """Give the note as data, ready for JSON."""
        return {
            "code": self.code,
            "level": self.level,
            "subject": self.subject,
            "backends": list(self.backends),
            "values": {key: _brief(value) for key, value in self.values.items()},
            "message": self.message,
        }


@dataclass(frozen=True)
class Merged(Generic[T]):
    """A merged document and the notes that were taken on the way, in a stable order."""

    document: T
    notes: tuple[Note, ...] = ()


class Notebook:
    """Collects the notes of one merge."""

    def __init__(self) -> None:
        self._notes: list[Note] = []

    def add(self, code: str, subject: str, backends: Iterable[str], **values: Any) -> None:
        """Take a note; an unknown code is a mistake of the program (KeyError)."""
        if code not in NOTE_CODES:
            raise KeyError(code)
        self._notes.append(Note(code, subject, tuple(backends), values))

    @property
    def notes(self) -> tuple[Note, ...]:
        """The notes in the order in which they were taken."""
        return tuple(self._notes)


def most_serious_first(notes: Sequence[Note]) -> list[Note]:
    """Sort notes for a reader: errors, warnings, then information; otherwise as they were."""
    return sorted(notes, key=lambda note: -LEVELS.index(note.level))


def _readable(message: str) -> str:
    """The message on one line, without what would command a terminal or turn text around."""
    if message.isprintable():
        return message
    return "".join(
        sign.encode("unicode_escape").decode() if category(sign) in _UNREADABLE else sign
        for sign in message
    )


def _shown(value: object) -> str:
    if isinstance(value, Mapping):
        return _cut("; ".join(f"{key}: {_shown(item)}" for key, item in value.items()), 400)
    if isinstance(value, list | tuple):
        return _cut("[" + ", ".join(map(_shown, value[:20])) + "]", 200)
    plain = {None: "null", True: "true", False: "false"}
    if value is None or isinstance(value, bool):
        return plain[value]
    return _cut(str(value), 200)


def _brief(value: object) -> Any:
    if isinstance(value, Mapping) and len(value) <= 100:
        return {key: _brief(item) for key, item in value.items()}
    if isinstance(value, list | tuple) and len(value) <= 100:
        return [_brief(item) for item in value]
    if isinstance(value, str | Mapping | list | tuple):
        return _cut(_shown(value), 1000)
    return value


def _cut(words: str, length: int) -> str:
    return words if len(words) <= length else words[: length - 3] + "..."
