"""Times a composite of a whole Sentinel-2 tile: the median of a month, four bands at 10 m.

Run `python -m scripts.bench.tile [KILOMETRES ...]`; a whole tile is 110 kilometres wide. Each
size runs as a batch job of the profile `terra` in a process of its own, as on a backend; what
is printed is the time on the clock, the most memory that process ever had (also with its
libraries alone, before the job), and how often the progress grew.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import resource
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter
from typing import Any, Final

from scripts.bench import asking

PROFILE: Final = Path(__file__).parents[2] / "config" / "backends" / "terra.yaml"
WEST, NORTH, EPSG = 600_000, 5_700_000, 32631
MONTH: Final = ("2021-07-01", "2021-08-01")
BANDS: Final = ("B02", "B03", "B04", "B08")
WHOLE: Final = 110


@dataclass
class Progress:
    """How far a run was, step by step; stands in for what writes to the store."""

    steps: int = 0
    percent: float = 0.0
    size: int = 0

    def log(self, level: str, message: str, code: str | None = None, data: Any = None) -> None:
        """Logs are not measured."""

    def progress(self, percent: float) -> None:
        """Count growing progress."""
        self.steps += percent > self.percent
        self.percent = percent

    def asset(self, asset: Any) -> None:
        """Sum up what was written."""
        self.size += asset.size


def main(sizes: list[int]) -> None:
    """Print one line per size."""
    print(f"{'km':>4} {'pixels':>15} {'seconds':>8} {'peak MB':>8} {'before MB':>10}", end="")
    print(f" {'file MB':>8} {'progress':>9}")
    for kilometres in sizes:
        context = multiprocessing.get_context("spawn")
        reader, writer = context.Pipe(duplex=False)
        child = context.Process(target=measure, args=(kilometres, writer))
        child.start()
        writer.close()
        print(reader.recv(), flush=True)
        child.join()


def measure(kilometres: int, writer: Any) -> None:
    """Run one size here and send its line."""
    os.environ["OPENBLAS_NUM_THREADS"] = "1"
    from backends.compute.run import executor

    execute, progress = executor(PROFILE), Progress()
    before = megabytes()
    with TemporaryDirectory(prefix="tile-") as folder:
        task = batch_task(kilometres, Path(folder))
        start = perf_counter()
        execute(task, progress)  # type: ignore[arg-type]
        seconds = perf_counter() - start
    side = kilometres * 100
    writer.send(
        f"{kilometres:>4} {side:>7,} x{side:>6,} {seconds:>8.1f} {megabytes():>8} {before:>10}"
        f" {progress.size / 1e6:>8.1f} {progress.steps:>9}"
    )


def batch_task(kilometres: int, folder: Path) -> Any:
    """The batch job of one size."""
    from backends.jobs.engine import Task

    process = json.loads(json.dumps({"process_graph": graph(kilometres)}))
    return Task("tile", "tile", 1, "batch", folder, process, 3600)


def graph(kilometres: int) -> dict[str, Any]:
    """The composite of a square whose north-western corner is that of a tile."""
    size = kilometres * 1000
    box = {"west": WEST, "south": NORTH - size, "east": WEST + size, "north": NORTH, "crs": EPSG}
    median = {"process_id": "median", "arguments": {"data": {"from_parameter": "data"}}}
    return {
        "load": {
            "process_id": "load_collection",
            "arguments": {
                "id": "SENTINEL2_L2A",
                "spatial_extent": box,
                "temporal_extent": MONTH,
                "bands": BANDS,
            },
        },
        "composite": {
            "process_id": "reduce_dimension",
            "arguments": {
                "data": {"from_node": "load"},
                "dimension": "t",
                "reducer": {"process_graph": {"median": {**median, "result": True}}},
            },
        },
        "save": {
            "process_id": "save_result",
            "arguments": {"data": {"from_node": "composite"}, "format": "GTiff"},
            "result": True,
        },
    }


def megabytes() -> int:
    """The most memory that this process ever had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def sizes() -> list[int]:
    """What was asked for, in kilometres."""
    parser = asking.parser("tile", __doc__)
    parser.add_argument(
        "kilometres", type=int, nargs="*", default=[WHOLE], help="the sides of the tiles"
    )
    asked: list[int] = parser.parse_args().kilometres
    return asked


if __name__ == "__main__":
    main(sizes())
