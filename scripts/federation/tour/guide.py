"""The way of the tour, stop by stop."""

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from openeo.rest.connection import Connection, connect
from openeo.rest.job import BatchJob

from scripts.federation.tour import asks, files
from scripts.federation.tour.telling import fact, heading, progress, table

USER = "alice"
JOB_SECONDS = 300.0
POLL_SECONDS = 0.5
BACKENDS_HEADER = "openeo-federation-backends"
FINAL = ("finished", "error", "canceled")

Explain = Callable[[Mapping[str, Any]], str]
"""Says where a process would run, and why not elsewhere."""


class TourError(Exception):
    """Something on the way was not as it must be; the message says what."""


@dataclass(frozen=True)
class Tour:
    """Where the tour goes, where it puts the files, whom it asks for reasons, and of which area."""

    url: str
    output: Path
    explain: Explain
    area: asks.Area

    def take(self) -> None:
        """Makes every stop. Raises TourError, or what the client raises, where one fails."""
        self.output.mkdir(parents=True, exist_ok=True)
        connection = self.connect()
        self.discover(connection)
        self.compute(connection)
        self.run_job(connection)
        self.ask_for_another_format(connection)
        self.use_several_backends(connection)
        heading(7, "The files")
        results = (f for f in self.output.rglob("*.*") if f.suffix != ".log")
        for file in sorted(results):
            fact(f"{max(1, round(file.stat().st_size / 1000))} kB", file)

    def connect(self) -> Connection:
        heading(1, f"Connect to {self.url} and log in as {USER}")
        connection = connect(self.url)
        capabilities = connection.capabilities()
        fact("title", capabilities.get("title"))
        fact("API version", capabilities.api_version())
        members = capabilities.get("federation") or {}
        rows = [
            (name, str(m.get("title")), str(m.get("status", "online")), str(m.get("url")))
            for name, m in members.items()
        ]
        table(("backend", "title", "status", "URL"), rows)
        connection.authenticate_basic(USER, USER)
        fact("logged in", connection.describe_account().get("user_id"))
        return connection

    def discover(self, connection: Connection) -> None:
        heading(2, "Collections and processes, and who offers them")
        members = list(connection.capabilities().get("federation") or {})
        collections = connection.list_collections()
        _who_offers("collection", [(str(c["id"]), c) for c in collections], members)
        processes = connection.list_processes()
        partial = [(str(p["id"]), p) for p in processes if len(_offered_by(p, members)) == 1]
        fact("processes", f"{len(processes)} in all, of which only one backend has:")
        for member in members:
            own = [name for name, p in partial if _offered_by(p, members) == [member]]
            fact(member, _shortened(own))

    def compute(self, connection: Connection) -> None:
        heading(3, "A cloud-masked NDVI composite of July, computed at once")
        cube = asks.ndvi(connection, self.area)
        picture, raster = self.output / "ndvi.png", self.output / "ndvi.tif"
        self._download(cube, raster, "GTiff", {})
        fact("content", files.describe_geotiff(raster))
        covers = {"water": (-2.0, 0.0), "bare or built-up": (0.0, 0.3), "green": (0.3, 2.0)}
        fact("land", files.shares(raster, covers))
        self._download(cube, picture, "PNG", asks.NDVI_PICTURE)

    def run_job(self, connection: Connection) -> None:
        heading(4, "The mean radar backscatter of spring, as a batch job")
        cube = asks.radar(connection, self.area).save_result(format="netCDF")
        job = cube.create_job(title="Backscatter in spring")
        fact("job", job.job_id)
        fact("runs on", _one_of(job.describe().get("federation:backends")))
        self._tell_why(cube)
        job.start()
        _follow(job)
        for file in job.get_results().download_files(self.output / "radar"):
            fact("downloaded", file)
            if file.suffix == ".nc":
                fact("content", files.describe_netcdf(file))

    def ask_for_another_format(self, connection: Connection) -> None:
        heading(5, "The temperature of each month, from a third backend")
        file = self.output / "temperature.nc"
        self._download(asks.temperature(connection, self.area), file, "netCDF", {})
        table(("month", "mean (K)"), [(m, f"{mean:8.2f}") for m, mean in files.monthly_means(file)])

    def use_several_backends(self, connection: Connection) -> None:
        heading(6, "What no backend has alone: one job in parts, at three backends")
        cube = asks.scattered(connection, self.area).save_result(format="JSON")
        job = connection.create_job(cube, title="Radar, snow and temperature")
        fact("job", job.job_id)
        fact("plan", _without_blanks(str(job.describe().get("federation:plan"))))
        job.start()
        _follow(job)
        for part in job.describe()["federation:parts"]:
            fact(part["id"], f"{part['status']} at {part['backend']}")
        folder = self.output / "several"
        for file in job.get_results().download_files(folder, include_stac_metadata=False):
            fact("downloaded", file)
            table(("half", *files.bands_of(file)), files.means_of(file, asks.HALVES))

    def _download(self, cube: Any, file: Path, form: str, options: Mapping[str, Any]) -> None:
        """Computes at once into a file, and says where that happened, and why there."""
        saved = cube.save_result(format=form, options=dict(options))
        headers: dict[str, str] = {}
        began = time.monotonic()
        saved.download(file, on_response_headers=headers.update)
        fact("saved", f"{file} after {time.monotonic() - began:.1f} s")
        backends = {name.lower(): v for name, v in headers.items()}.get(BACKENDS_HEADER)
        fact("ran on", _one_of([backends] if backends else None))
        self._tell_why(saved)

    def _tell_why(self, cube: Any) -> None:
        fact("why", _without_blanks(self.explain(cube.flat_graph())))


def _without_blanks(told: str) -> str:
    return "\n".join(line for line in told.splitlines() if line)


def _offered_by(document: Mapping[str, Any], members: Sequence[str]) -> list[str]:
    """Left out, `federation:backends` means all of them (Federation Extension 0.2.0)."""
    return list(document.get("federation:backends", members))


def _who_offers(
    what: str, documents: Sequence[tuple[str, Mapping[str, Any]]], members: Sequence[str]
) -> None:
    rows = [
        (name, *("yes" if member in _offered_by(document, members) else "-" for member in members))
        for name, document in documents
    ]
    table((what, *members), rows)


def _shortened(names: Sequence[str], most: int = 8) -> str:
    shown = ", ".join(names[:most]) or "none"
    return shown + (f" and {len(names) - most} more" if len(names) > most else "")


def _one_of(backends: object) -> str:
    if not isinstance(backends, list) or not backends:
        raise TourError("The federation does not say which backend runs this.")
    return ", ".join(map(str, backends))


def _follow(job: BatchJob) -> None:
    """Watches a job until it is finished; TourError if it fails or takes too long."""
    deadline = time.monotonic() + JOB_SECONDS
    with progress() as shown:
        while True:
            view = job.describe()
            status = str(view["status"])
            shown.show(status, 100.0 if status == "finished" else float(view.get("progress") or 0))
            if status in FINAL:
                break
            if time.monotonic() > deadline:
                raise TourError(f"Job {job.job_id} is still {status} after {JOB_SECONDS:.0f} s.")
            time.sleep(POLL_SECONDS)
    if status != "finished":
        said = "\n".join(entry["message"] for entry in job.logs()[-5:])
        raise TourError(f"Job {job.job_id} ended with status {status}. It logged last:\n{said}")
