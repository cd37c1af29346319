"""Progress of computations that dask runs as a whole."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Final

from dask.callbacks import Callback

from backends.writers.cubes import Progress

_STEPS: Final = 100


@contextmanager
def watched(progress: Progress) -> Iterator[None]:
    """Tell the share of finished tasks of what dask computes in this block.

    At most a hundred times; a Dask cluster reports elsewhere and tells nothing here.
    """
    done = 0
    told = 0

    def finished(_key: Any, _result: Any, _graph: Any, state: Any, _worker: Any) -> None:
        nonlocal done, told
        done += 1
        counted = (state[name] for name in ("ready", "waiting", "running"))
        share = done / max(1, done + sum(map(len, counted)))
        if int(share * _STEPS) > told:
            told = int(share * _STEPS)
            progress(share)

    with Callback(posttask=finished):  # type: ignore[no-untyped-call]
        yield
