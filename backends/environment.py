"""What surrounds one execution of a process graph, free of any library that computes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from backends.formats import SavedAsset
from backends.loading import MAX_SAMPLES, LoadRequest


@dataclass(frozen=True)
class Limits:
    """How much one execution may take. `max_samples`: values (pixels x bands x dates)
    that a single collection may load. `graph_nodes`: nodes in the whole process graph."""

    max_samples: int = MAX_SAMPLES
    graph_nodes: int = 10_000


def _ignore_log(_level: str, _message: str) -> None:
    """Log entries that nobody wants."""


def _ignore_progress(_share: float) -> None:
    """Progress that nobody watches."""


@dataclass(frozen=True)
class Environment:
    """Everything that an execution reaches outside of itself.

    `offered`: the processes that may be used. `load_collection(id, request)` gives a lazy
    cube (xarray.DataArray). `save_result(cube, format, options)` computes and writes; if it
    takes `progress`, it is given a function by that name to tell its own share, 0 to 1.
    `log(level, message)` with a level of openEO logs (error, warning, info, debug).
    `progress(share)` is told a growing share of the work from 0 to 1.
    `folder`: where files may be written.
    """

    offered: frozenset[str]
    load_collection: Callable[[str, LoadRequest], Any]
    save_result: Callable[..., list[SavedAsset]]
    folder: Path
    log: Callable[[str, str], None] = _ignore_log
    progress: Callable[[float], None] = _ignore_progress
    limits: Limits = field(default_factory=Limits)
