"""A rule of the contract that can be broken on purpose."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from backends.faults.exchange import Answered, Ask, Asked

FINE: Final = range(200, 300)
FAILED: Final = range(400, 600)
ANY: Final = range(100, 600)
EVERYTHING: Final = "*"

Response = Callable[[Asked, Answered], Answered]
Request = Callable[[Asked, Ask], Asked | Answered]


@dataclass(frozen=True)
class Part:
    """What is changed of some requests or of their answers.

    `path` is as the API writes it, `*` for any. `request` gives another request, or answers
    itself; `response` changes an answer whose status is among `statuses`.
    """

    methods: tuple[str, ...]
    path: str
    response: Response | None = None
    request: Request | None = None
    statuses: range = FINE

    def matches(self, asked: Asked) -> bool:
        """Whether it is about that request."""
        fits = not self.methods or asked.method in self.methods
        return fits and (self.path == EVERYTHING or bool(_pattern(self.path).match(asked.path)))


@dataclass(frozen=True)
class Rule:
    """A broken rule: what is wrong then, and which requirements of the contract that violates.

    `value` names what has to follow the id after a colon; empty where nothing may.
    """

    id: str
    description: str
    requirements: tuple[str, ...]
    parts: Callable[[str], tuple[Part, ...]]
    value: str = ""


def rule(id: str, description: str, requirements: str, *parts: Part) -> Rule:  # noqa: A002
    """A rule that is broken in one way; the requirements are parted by blanks."""
    return Rule(id, description, tuple(requirements.split()), lambda _: parts)


@lru_cache(1024)
def _pattern(path: str) -> re.Pattern[str]:
    inner = re.sub(r"\\{\w+\\}", "[^/]+", re.escape(path.rstrip("/")))
    return re.compile(f"{inner}/?$")
