"""Which collections and processes a federation offers: allow and deny lists.

A pattern is an id, or has ``*`` (any text), ``?`` (any character) and ``[abc]`` (one of
them); case matters. Lists for all backends and lists for one backend both hold: what is
offered matches each allow list and no deny list. A collection matches by its own id or by
its common name.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fnmatch import translate
from functools import cached_property

from aggregator.documents import JsonObject, text


@dataclass(frozen=True)
class Lists:
    """An allow list and a deny list; by default all is allowed and nothing denied."""

    allow: tuple[str, ...] = ("*",)
    deny: tuple[str, ...] = ()

    def admit(self, *names: str) -> bool:
        """Say whether any of the names is allowed and none is denied."""
        allowed, denied = self._matchers
        return any(map(allowed, names)) and not any(map(denied, names))

    @cached_property
    def _matchers(self) -> tuple[Callable[[str], object], Callable[[str], object]]:
        return _matcher(self.allow), _matcher(self.deny)


@dataclass(frozen=True)
class Selection:
    """What a federation offers of what its backends have.

    ``collections`` and ``processes`` hold for all backends, the other two for the backend
    that they are keyed by. An unknown backend has no lists of its own.
    """

    collections: Lists = Lists()
    processes: Lists = Lists()
    collections_of: Mapping[str, Lists] = field(default_factory=dict)
    processes_of: Mapping[str, Lists] = field(default_factory=dict)

    def admits_collection(self, backend: str, collection: JsonObject) -> bool:
        """Say whether a backend's collection is offered."""
        names = _names(collection)
        return self.collections.admit(*names) and _of(self.collections_of, backend).admit(*names)

    def admits_process(self, backend: str, process_id: str) -> bool:
        """Say whether a backend's process is offered."""
        own = _of(self.processes_of, backend)
        return self.processes.admit(process_id) and own.admit(process_id)


EVERYTHING = Selection()
"""The selection that admits everything."""

_ANY = Lists()


def _of(lists: Mapping[str, Lists], backend: str) -> Lists:
    return lists.get(backend, _ANY)


def _names(collection: JsonObject) -> tuple[str, ...]:
    own, common = text(collection, "id"), text(collection, "common_name")
    return (own, common) if common and common != own else (own,)


def _matcher(patterns: tuple[str, ...]) -> Callable[[str], object]:
    if "*" in patterns:
        return lambda _: True
    plain = frozenset(patterns)
    masks = [translate(pattern) for pattern in patterns if any(sign in pattern for sign in "*?[")]
    if not masks:
        return plain.__contains__
    mask = re.compile("|".join(masks))
    return lambda name: name in plain or mask.match(name) is not None
