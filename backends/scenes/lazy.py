"""Fields of an object that are computed when first asked for, by one thread."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import fields
from threading import RLock
from typing import Any, Generic, TypeVar, cast

T = TypeVar("T")

_GUARD = "_lazily_guard"


class Lazy:
    """What has fields of `lazily`: copies and pickles hold only what decides them.

    So little travels between the workers of a cluster, and no lock.
    """

    def __getstate__(self) -> dict[str, Any]:
        names = [field.name for field in fields(cast(Any, self))]
        return {name: self.__dict__[name] for name in names}


class lazily(Generic[T]):  # noqa: N801 - used as a decorator, like property
    """As `functools.cached_property`, but with a lock per object.

    The one of Python 3.11 has a lock per class: threads that compute different chunks
    would wait for one another.
    """

    def __init__(self, compute: Callable[[Any], T]) -> None:
        self.compute = compute
        self.name = compute.__name__
        self.__doc__ = compute.__doc__

    def __get__(self, owner: object, kind: type | None = None) -> T:
        fields = owner.__dict__
        if self.name in fields:
            return cast(T, fields[self.name])
        with fields.setdefault(_GUARD, RLock()):
            if self.name not in fields:
                fields[self.name] = self.compute(owner)
        return cast(T, fields[self.name])
