"""What one backend saves as the results of a batch job, and another one loads."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

import numpy as np
import xarray as xr

from backends.errors import OpenEOError
from backends.evaluate import run
from backends.jobs.engine import Task
from backends.jobs.records import Asset
from backends.jobs.reporting import Reporter
from backends.patience import NONE, Patience
from backends.writers import save
from tests.fakes.execution import Execution
from tests.web.backends.site import Site


class Producer:
    """A backend in process whose batch jobs save cubes of a test, and serve them as results."""

    def __init__(self, folder: Path) -> None:
        self.site = Site(folder)
        self.asked: list[str] = []

    def close(self) -> None:
        self.site.close()

    def results_of(self, cube: Any, format_: str, options: Mapping[str, Any] | None = None) -> str:
        """The signed link to the results of a job that saved this cube."""

        self.site.behaviour = lambda task, reporter: reported(
            cube, format_, options, task, reporter
        )
        return self.link(self.site.finished())

    def results(self, job_id: str, query: str = "") -> dict[str, Any]:
        """The results of a job."""
        return cast(dict[str, Any], self.site.ask("GET", f"/jobs/{job_id}/results{query}").json)

    def link(self, job_id: str, query: str = "") -> str:
        """The link with the relation `canonical` of a job's results."""
        links = self.results(job_id, query)["links"]
        return next(str(link["href"]) for link in links if link["rel"] == "canonical")

    def fetch(self, url: str) -> bytes:
        """What the backend answers somebody who is not logged in."""
        self.asked.append(url)
        answer = self.site.ask("GET", url, user=None)
        if answer.status_code != 200:
            raise OpenEOError("UrlNotAvailable", f"{url} answers {answer.status_code}.")
        return bytes(answer.data)


def reported(
    cube: Any, format_: str, options: Mapping[str, Any] | None, task: Task, reporter: Reporter
) -> None:
    """What a computation does when it saves a cube."""
    for saved in save(cube, format_, options, task.results):
        name = saved.path.relative_to(task.results).as_posix()
        size = saved.path.stat().st_size
        reporter.asset(Asset(name, saved.media_type, saved.roles, size, dict(saved.metadata)))


def loaded(
    producer: Producer,
    url: str,
    *,
    lazy: bool = False,
    patience: Patience = NONE,
    **arguments: Any,
) -> xr.DataArray:
    """The cube that `load_stac` makes of results; computed, or with the chunks that it has."""
    kept: list[xr.DataArray] = []

    def keep(cube: xr.DataArray, _format: str, _options: Any) -> list[Any]:
        kept.append(cube if lazy else cube.compute())
        return []

    node = {"process_id": "load_stac", "arguments": {"url": url, **arguments}, "result": True}
    surroundings = Execution().environment(
        fetch=producer.fetch, save_result=keep, patience=patience
    )
    run({"process_graph": {"load": node}}, surroundings)
    return kept[0]


def difference(left: xr.DataArray, arrived: xr.DataArray) -> str:
    """In what a cube has changed, to the last bit of each value and label."""
    if left.dims != arrived.dims:
        return f"dimensions {arrived.dims}"
    for name in left.dims:
        before, after = (one.coords[name].values for one in (left, arrived))
        if before.dtype != after.dtype or not np.array_equal(before, after):
            return f"labels of {name} {after}"
    if left.dtype != arrived.dtype:
        return f"type {arrived.dtype}"
    if left.values.tobytes() != arrived.values.tobytes():
        return "values"
    if left.rio.crs != arrived.rio.crs:
        return f"CRS {arrived.rio.crs}"
    return ""
