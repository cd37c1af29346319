"""What surrounds one execution of a process graph, free of any library that computes."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from uuid import uuid4

from backends import addresses
from backends.errors import OpenEOError
from backends.formats import SavedAsset, SavedResult
from backends.loading import MAX_SAMPLES, LoadRequest
from backends.patience import NONE, Patience
from backends.ranges import Remote


@dataclass(frozen=True)
class Limits:
    """How much one execution may take. `max_samples`: values (pixels x bands x dates)
    that a single collection may load. `graph_nodes`: nodes in the whole process graph.
    `udf_seconds`, `udf_memory` (bytes): what the code of one `run_udf` may take."""

    max_samples: int = MAX_SAMPLES
    graph_nodes: int = 10_000
    udf_seconds: float = 600.0
    udf_memory: int = 3 * 2**30


def _ignore_log(_level: str, _message: str) -> None:
    """Log entries that nobody wants."""


def _ignore_progress(_share: float) -> None:
    """Progress that nobody watches."""


def _fetch_public(url: str) -> bytes:
    """What lies at a public URL."""
    return addresses.fetch(url, addresses.AddressPolicy())


def _no_files(path: str) -> Path:
    raise OpenEOError("FileNotFound", f"There is no file '{path}' in your workspace.")


def _no_workspaces(_saved: SavedResult, _workspace: str, _merge: str | None) -> None:
    raise OpenEOError("FeatureUnsupported", "Nothing can be exported to a workspace here.")


def _no_cleanup(_action: Callable[[], None]) -> None:
    """Nobody says when the execution has ended."""


@dataclass(frozen=True)
class Environment:
    """Everything that an execution reaches outside of itself.

    `offered`: the processes that may be used. `load_collection(id, request)` gives a lazy
    cube (xarray.DataArray). `save_result(cube, format, options)` computes and writes; if it
    takes `progress`, it is given a function by that name to tell its own share, 0 to 1.
    `log(level, message)` with a level of openEO logs (error, warning, info, debug).
    `progress(share)` is told a growing share of the work from 0 to 1.
    `folder`: where files may be written. `fetch(url)` gives the content at a URL that may
    be loaded, or raises OpenEOError; `remote(url)` the same as a file of which parts can be
    read, where there is a way to do that. `user_file(path)` gives the place of a file in the
    user's workspace, or raises OpenEOError. `export(saved, workspace, merge)` copies what was
    saved to a workspace (its id) of the user's, or raises OpenEOError. `patience`: how long
    results that are still computed elsewhere are waited for. `at_end(action)`: have something
    done when the execution has ended, however it ends. `execution` is a text of its own for
    each one. `place` says which process is called at which node, for errors of what is
    computed only later.
    """

    offered: frozenset[str]
    load_collection: Callable[[str, LoadRequest], Any]
    save_result: Callable[..., list[SavedAsset]]
    folder: Path
    log: Callable[[str, str], None] = _ignore_log
    progress: Callable[[float], None] = _ignore_progress
    limits: Limits = field(default_factory=Limits)
    fetch: Callable[[str], bytes] = _fetch_public
    remote: Callable[[str], Remote] | None = None
    user_file: Callable[[str], Path] = _no_files
    patience: Patience = NONE
    export: Callable[[SavedResult, str, str | None], None] = _no_workspaces
    at_end: Callable[[Callable[[], None]], None] = _no_cleanup
    execution: str = field(default_factory=lambda: uuid4().hex)
    place: str = ""
