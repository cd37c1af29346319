"""Draws the tiles of services when somebody looks at them, and keeps them for a while."""

import secrets
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Any, Final

from backends.accounting.reports import Report, Reports
from backends.errors import OpenEOError
from backends.jobs.engine import Engine, Outcome, Task, awaited
from backends.jobs.folders import remove
from backends.jobs.usage import costs_of
from backends.profile import Profile
from backends.service_types import SERVICE_TYPES
from backends.stored.preparation import Preparation
from backends.stored.services import Service, Services
from backends.tiles import Tile

PICTURE: Final = "tile.png"


class Drawing:
    """Computes tiles, as many at once as synchronous requests may run, and caches them."""

    def __init__(
        self,
        profile: Profile,
        services: Services,
        preparation: Preparation,
        engine: Engine,
        folder: Path,
        *,
        clock: Callable[[], datetime],
        reports: Reports | None = None,
        wake: Callable[[], None] = lambda: None,
    ) -> None:
        self._reports = reports
        self._wake = wake
        self._profile = profile
        self._services = services
        self._preparation = preparation
        self._engine = engine
        self._folder = folder
        self._clock = clock
        self._slots = threading.BoundedSemaphore(profile.limits.concurrent_sync)
        remove(folder)
        (folder / "cache").mkdir(mode=0o700, parents=True)

    def tile(self, service: Service, z: int, x: int, y: int) -> Path:
        """The picture of that tile; raises ``NotFound`` where there is no such tile,
        ``InfrastructureBusy``, and what the computation fails with.
        """
        settings = service.configuration
        drawn = Tile(z, x, y, settings["tile_size"], settings["minimum"], settings["maximum"])
        if not drawn.exists:
            raise OpenEOError("NotFound", f"There is no tile {z}/{x}/{y}.")
        kept = self._kept(service, drawn)
        if not kept.is_file():
            with self._slot():
                if not kept.is_file():
                    self._draw(service, drawn, kept)
        return kept

    def forget(self, service_id: str) -> None:
        """Remove the pictures of a service."""
        remove(self._folder / "cache" / service_id)

    def _kept(self, service: Service, tile: Tile) -> Path:
        name = f"{service.version}-{tile.z}-{tile.x}-{tile.y}.png"
        return self._folder / "cache" / service.id / name

    def _draw(self, service: Service, tile: Tile, kept: Path) -> None:
        self._make_room()
        task = self._task(service, tile)
        try:
            outcome = awaited(self._engine, task)
            failed = _failure(outcome, task)
            costs = costs_of(outcome.usage, self._profile.billing, plan=service.plan)
            report = self._report(service, task, outcome, costs, failed=failed is not None)
            self._services.charge(service.id, costs, report)
            self._wake()
            if failed:
                message = f"Tile {tile.z}/{tile.x}/{tile.y}: {failed.message}"
                self._services.log(service.id, "error", message, self._clock(), code=failed.code)
                raise failed
            kept.parent.mkdir(mode=0o700, exist_ok=True)
            (task.results / PICTURE).replace(kept)
        finally:
            remove(task.folder)

    def _report(
        self, service: Service, task: Task, outcome: Outcome, costs: float, *, failed: bool
    ) -> Report | None:
        if self._reports is None:
            return None
        return self._reports.of_tile(
            task.id,
            outcome.usage,
            "error" if failed else "finished",
            service=service.id,
            user=service.user,
            title=service.title,
            plan=service.plan,
            costs=costs,
        )

    def _task(self, service: Service, tile: Tile) -> Task:
        identifier = f"t-{secrets.token_hex(8)}"
        parameters = with_service_parameters(dict(service.process), service.type, tile)
        return Task(
            id=identifier,
            job_id=service.id,
            attempt=1,
            kind="tile",
            folder=self._folder / identifier,
            process=self._preparation.runnable(parameters, service.user),
            deadline=self._profile.limits.tile_deadline,
            log_level=service.log_level,
            files=self._preparation.files(service.user),
            tile=asdict(tile),
        )

    @contextmanager
    def _slot(self) -> Iterator[None]:
        if not self._slots.acquire(timeout=self._profile.limits.sync_patience):
            raise OpenEOError(
                "InfrastructureBusy",
                "Many tiles are being drawn. Try again in a few seconds.",
                headers={"Retry-After": "5"},
            )
        try:
            yield
        finally:
            self._slots.release()

    def _make_room(self) -> None:
        """Drop the oldest pictures where all of them take too much."""
        pictures = [(path, path.stat()) for path in (self._folder / "cache").glob("*/*.png")]
        total = sum(found.st_size for _, found in pictures)
        for path, found in sorted(pictures, key=lambda one: one[1].st_mtime):
            if total <= self._profile.limits.tile_cache_bytes:
                return
            path.unlink(missing_ok=True)
            total -= found.st_size


def with_service_parameters(
    process: dict[str, Any], type_name: str, tile: Tile | None = None
) -> dict[str, Any]:
    """The process with the parameters of its service type declared, and given for a tile."""
    given = {"spatial_extent": tile.extent} if tile else {}
    own = process.get("parameters") or []
    known = SERVICE_TYPES[type_name]["process_parameters"]
    names = {parameter["name"] for parameter in known}
    others = [one for one in own if not isinstance(one, dict) or one.get("name") not in names]
    added = [{**one, "default": given.get(one["name"], one["default"])} for one in known]
    return {**process, "parameters": [*others, *added]}


def _failure(outcome: Outcome, task: Task) -> OpenEOError | None:
    if outcome.state == "timeout":
        message = f"it took longer than the {task.deadline:g} s that a tile may take."
        return OpenEOError("RequestTimeout", message)
    if outcome.failure:
        return OpenEOError(outcome.failure.code, outcome.failure.message)
    if outcome.state != "finished" or not (task.results / PICTURE).is_file():
        return OpenEOError("Internal", "The computation ended without a picture.")
    return None
