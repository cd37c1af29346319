"""Heads of answers that have nothing odd about them, taken apart at once.

Python reads each head as if it were that of a mail, which takes longer than all else that is done
with a small answer. What is not wholly there, or has anything odd, takes Python's way (`heads`).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

# Statuses that have no body, whatever the fields say.
EMPTY = frozenset({204, 304})

_NAME = r"[!#$%&'*+.^_`|~0-9A-Za-z-]++"
_VALUE = r"[\x20-\x7e]*+"
# Of answers that have a body, without what comes before the proper one: a status line, fields each
# of one line, printable, and the empty line. Nothing is tried twice.
_HEAD = re.compile(
    rf"HTTP/1\.1 ([2-5]\d\d) ({_VALUE})\r\n((?:{_NAME}:[ \t]*+{_VALUE}\r\n)*+)\r\n".encode()
)
_FIELD = re.compile(rf"({_NAME}):[ \t]*+({_VALUE})\r\n")
_NUMBER = re.compile(r"\d{1,18}")
# What says how long the body is or when the connection ends must say so once, and plainly.
_FRAMING = frozenset({"content-length", "transfer-encoding", "connection"})


class Fields(Mapping[str, str]):
    """The fields of a head, by names in any case; what came several times is joined by commas."""

    def __init__(self, found: list[tuple[str, str]]) -> None:
        self._found: dict[str, tuple[str, str]] = {}
        for name, value in found:
            first = self._found.get(key := name.lower())
            self._found[key] = (
                (name, value) if first is None else (first[0], f"{first[1]}, {value}")
            )

    def __getitem__(self, name: str) -> str:
        return self._found[name.lower()][1]

    def get(self, name: str, default: Any = None) -> Any:
        """What a field says."""
        found = self._found.get(name.lower())
        return default if found is None else found[1]

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and name.lower() in self._found

    def __iter__(self) -> Iterator[str]:
        return (name for name, _ in self._found.values())

    def __len__(self) -> int:
        return len(self._found)


@dataclass(frozen=True, slots=True)
class PlainHead:
    """A head of `size` bytes.

    `framing` has those of its fields that tell where the body ends, by names in lower case.
    """

    status: int
    reason: str
    found: list[tuple[str, str]]
    framing: dict[str, str]
    size: int

    @property
    def length(self) -> int | None:
        """The bytes of the body, if nothing has to be known but their number to read it.

        None where it is in chunks, or ends with the connection, and where there must not be one.
        """
        said, connection = self.framing.get("content-length"), self.framing.get("connection", "")
        if said is None or "transfer-encoding" in self.framing or self.status in EMPTY:
            return None
        return int(said) if connection.lower() in ("", "keep-alive") else None


def plain_head(begun: bytes) -> PlainHead | None:
    """The head with which an answer has begun, if it is whole and plain."""
    head = _HEAD.match(begun)
    if head is None:
        return None
    found = _FIELD.findall(head[3].decode())
    framing = _framing(found)
    if framing is None:
        return None
    return PlainHead(int(head[1]), head[2].decode().strip(), found, framing, head.end())


def _framing(found: list[tuple[str, str]]) -> dict[str, str] | None:
    """The fields that say where the body ends; None if they are odd."""
    named = [(key, value) for name, value in found if (key := name.lower()) in _FRAMING]
    framing = dict(named)
    if len(framing) != len(named):
        return None
    if framing.get("transfer-encoding", "chunked").lower() != "chunked":
        return None
    length = framing.get("content-length")
    return framing if length is None or _NUMBER.fullmatch(length) else None
