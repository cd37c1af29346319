"""Which public methods of the client's classes are called, and which are left out and why."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Collection, Iterator
from contextlib import contextmanager
from typing import Any

import pytest


def public_methods(kind: type) -> set[str]:
    """The names of a class's public methods, without those that it calls deprecated."""
    return {
        name
        for name in dir(kind)
        if not name.startswith("_")
        and callable(found := getattr(kind, name))
        and ".. deprecated::" not in (found.__doc__ or "")
    }


@contextmanager
def recorded(*kinds: type) -> Iterator[set[str]]:
    """Gives the names `Class.method` of what was called within this context."""
    called: set[str] = set()
    with pytest.MonkeyPatch.context() as patch:
        for kind in kinds:
            for name in public_methods(kind):
                found = inspect.getattr_static(kind, name)
                label = f"{kind.__name__}.{name}"
                if isinstance(found, classmethod | staticmethod):
                    patch.setattr(kind, name, type(found)(_told(found.__func__, label, called)))
                else:
                    patch.setattr(kind, name, _told(found, label, called))
        yield called


def _told(function: Callable[..., Any], label: str, called: set[str]) -> Callable[..., Any]:
    @functools.wraps(function)
    def tell(*args: Any, **kwargs: Any) -> Any:
        called.add(label)
        return function(*args, **kwargs)

    return tell


def missed(kinds: Collection[type], called: set[str], left_out: Collection[str]) -> set[str]:
    """What was neither called nor left out."""
    known = {f"{kind.__name__}.{name}" for kind in kinds for name in public_methods(kind)}
    unknown = set(left_out) - known
    assert not unknown, f"the client has no {sorted(unknown)}"
    return known - called - set(left_out)


def ran_whole(request: pytest.FixtureRequest) -> bool:
    """Whether all tests of the module before this one were chosen to run."""
    module = request.node.getparent(pytest.Module)
    names = {name for name in vars(module.obj) if name.startswith("test_")}
    chosen = {getattr(item, "originalname", item.name) for item in request.session.items}
    return names <= chosen
