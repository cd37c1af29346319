"""Asking for something once, however many checks want it at the same time."""

from __future__ import annotations

import threading
from collections.abc import Callable, Hashable
from typing import Any, TypeVar, cast

T = TypeVar("T")


class _Entry:
    def __init__(self) -> None:
        self.lock = threading.RLock()
        self.known = False
        self.value: Any = None
        self.error: Exception | None = None


class Once:
    """Values by key, each made once; an error that came in its place comes again."""

    def __init__(self) -> None:
        self._entries: dict[Hashable, _Entry] = {}
        self._lock = threading.Lock()

    def known(self, key: Hashable) -> Any:
        """The value of the key if it was made, else None."""
        with self._lock:
            entry = self._entries.get(key)
        return entry.value if entry is not None and entry.known else None

    def error(self, key: Hashable) -> Exception | None:
        """What came in place of the value, if it was asked for."""
        with self._lock:
            entry = self._entries.get(key)
        return entry.error if entry is not None and entry.known else None

    def get(self, key: Hashable, make: Callable[[], T]) -> T:
        """The value of the key, made now if nobody has asked before."""
        with self._lock:
            entry = self._entries.setdefault(key, _Entry())
        with entry.lock:
            if not entry.known:
                try:
                    entry.value = make()
                except Exception as error:  # noqa: BLE001 - kept, and raised below
                    entry.error = error
                entry.known = True
        if entry.error is not None:
            raise entry.error
        return cast(T, entry.value)
