"""The glue between a task and the evaluation of its process graph."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any

from backends import evaluate, scenes, writers
from backends.addresses import fetch
from backends.compute.cluster import computing
from backends.compute.tiles import draw
from backends.environment import Environment, Limits
from backends.errors import OpenEOError, collection_not_found
from backends.formats import SavedAsset, SavedResult, format_name
from backends.jobs.engine import Task
from backends.jobs.execution import Executor
from backends.jobs.records import Asset
from backends.jobs.reporting import Reporter
from backends.loading import LoadRequest
from backends.patience import Patience
from backends.profile import CollectionSpec, Profile
from backends.profile_reading import load_profile
from backends.ranges import RemoteFile
from backends.stored.files import existing_file
from backends.tiles import Tile
from backends.workspaces.exporting import Exporter
from backends.workspaces.workspaces import Workspaces


def executor(profile_path: Path) -> Executor:
    """What runs a task on the backend of that profile."""
    # What computes reports nothing, and so keeps no secret for it.
    profile = replace(load_profile(profile_path), accounting=None)

    def execute(task: Task, reporter: Reporter) -> None:
        with computing(profile):
            surroundings = environment(profile, task, reporter)
            if task.tile is None:
                evaluate.run(dict(task.process), surroundings)
            else:
                tile = Tile.from_json(task.tile)
                draw(task.process, tile, surroundings, _specs(profile), task.results)

    return execute


def environment(profile: Profile, task: Task, reporter: Reporter) -> Environment:
    """What the process graph of this task may reach."""
    limits, batch = profile.limits, task.kind == "batch"
    samples = limits.batch_samples if batch else limits.sync_samples
    away = _patience(limits.absence_patience if batch else 0.0, reporter)
    task.scratch.mkdir(parents=True, exist_ok=True)
    return Environment(
        offered=frozenset(profile.processes),
        load_collection=_loader(profile, samples),
        save_result=_saver(profile, task, reporter),
        folder=task.scratch,
        log=reporter.log,
        progress=lambda share: reporter.progress(100 * share),
        limits=Limits(max_samples=samples, graph_nodes=profile.limits.graph_nodes),
        fetch=lambda url: away.asking(lambda: fetch(url, profile.addresses)),
        remote=lambda url: RemoteFile(url, profile.addresses, patience=away),
        patience=_patience(limits.sources_patience if batch else 0.0, reporter),
        user_file=_files_of(task),
        export=_exporter(profile, task, reporter),
    )


def _patience(seconds: float, reporter: Reporter) -> Patience:
    """Somebody waits for the answer to a synchronous request; a batch job can wait itself."""
    return Patience(seconds, lambda message: reporter.log("info", message))


def _exporter(
    profile: Profile, task: Task, reporter: Reporter
) -> Callable[[SavedResult, str, str | None], None]:
    """How a process exports what was saved; tiles of a service export nothing."""

    def export(saved: SavedResult, workspace: str, merge: str | None) -> None:
        job = reporter.store.find(task.job_id)
        if job is None:  # the task is a tile of a service
            raise OpenEOError("FeatureUnsupported", "A web service cannot export its results.")
        database = reporter.store.database
        workspaces = Workspaces(database, database.path.parent, profile.workspaces, profile.limits)
        files = [(_asset(item, task.results), item.path) for item in saved.assets]
        Exporter(workspaces, profile, job, reporter.log)(files, workspace, merge)

    return export


def _files_of(task: Task) -> Callable[[str], Path]:
    """How a process finds the files of its own user, and of nobody else."""

    def user_file(path: str) -> Path:
        if task.files is None:
            raise OpenEOError("FileNotFound", f"There is no file '{path}' in your workspace.")
        return existing_file(task.files, path)

    return user_file


def _specs(profile: Profile) -> Callable[[str], CollectionSpec]:
    def spec_of(identifier: str) -> CollectionSpec:
        spec = profile.collection(identifier)
        if spec is None:
            raise collection_not_found(identifier, [item.id for item in profile.collections])
        return spec

    return spec_of


def _loader(profile: Profile, samples: int) -> Callable[[str, LoadRequest], Any]:
    """Loads collections; all of them together may have that many samples."""
    spec_of = _specs(profile)
    left = samples

    def load_collection(identifier: str, request: LoadRequest) -> Any:
        nonlocal left
        bounded = replace(request, max_samples=min(request.max_samples, left))
        cube = scenes.load(spec_of(identifier), bounded)
        left -= cube.size
        return cube

    return load_collection


def _unwatched(_share: float) -> None:
    """Progress that nobody watches."""


def _saver(profile: Profile, task: Task, reporter: Reporter) -> Callable[..., list[SavedAsset]]:
    saves = 0
    left = profile.limits.result_bytes

    def save_result(
        cube: Any,
        name: str,
        options: Mapping[str, Any],
        progress: Callable[[float], None] = _unwatched,
    ) -> list[SavedAsset]:
        nonlocal saves, left
        left -= int(getattr(cube, "nbytes", 0))
        if left < 0:
            raise _too_large(profile.limits.result_bytes)
        official = format_name(name, profile.output_formats)
        # Each save_result has a folder of its own, so that two with the same
        # prefix do not overwrite each other.
        folder = task.results if saves == 0 else task.results / f"{saves + 1}"
        folder.mkdir(parents=True, exist_ok=True)
        saves += 1
        saved = writers.save(cube, official, options, folder, progress)
        for item in saved:
            reporter.asset(_asset(item, task.results))
        return saved

    return save_result


def _too_large(allowed: int) -> OpenEOError:
    return OpenEOError(
        "ProcessGraphComplexity",
        f"The results would have more than {allowed:,} bytes in all. Save a smaller area, fewer "
        "dates or bands, or a coarser resolution.",
    )


def _asset(saved: SavedAsset, results: Path) -> Asset:
    return Asset(
        name=saved.path.relative_to(results).as_posix(),
        media_type=saved.media_type,
        roles=saved.roles,
        size=saved.path.stat().st_size,
        metadata=dict(saved.metadata),
    )
