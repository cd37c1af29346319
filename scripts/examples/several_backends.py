"""Radar, snow and temperature of three valleys in one process: three backends, one batch job.

A notebook in a file: run it cell by cell (VS Code, Spyder, Jupytext), or as a whole::

    python -m scripts.examples.several_backends          # starts a federation of its own
    python -m scripts.examples.several_backends URL      # uses the one that runs there

No backend of the local federation has all three collections. Nothing here says so: the ordinary
`openeo` client is used as with a single backend, and the federation does the rest.
"""

# %% A federation: three simulated backends behind one aggregator, or one that runs already.
from __future__ import annotations

import json
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from openeo.rest.connection import connect

from scripts.examples.local import local_federation

given = sys.argv[1] if len(sys.argv) > 1 and sys.argv[1].startswith("http") else ""
url = given or local_federation()
folder = Path(tempfile.mkdtemp(prefix="several-backends-"))

connection = connect(url, auto_validate=False)
connection.authenticate_basic("alice", "alice")
print(connection.describe_account()["user_id"], "is logged in at", url)

# %% Which backend has what.
for name in ("SENTINEL1_GRD", "TERRA_SNOW_300M_DAILY", "BOREAL_TEMPERATURE_DAILY"):
    held = connection.describe_collection(name)["summaries"]["federation:backends"]
    print(f"{name} is at {', '.join(held)}")


# %% One process with all three: the means over a week and over each valley.
def valley(west: float) -> dict[str, Any]:
    """A square of some kilometres."""
    east, south, north = west + 0.04, 46.23, 46.27
    corners = [[west, south], [east, south], [east, north], [west, north], [west, south]]
    polygon = {"type": "Polygon", "coordinates": [corners]}
    return {"type": "Feature", "properties": {}, "geometry": polygon}


valleys = {
    "type": "FeatureCollection",
    "features": [valley(west) for west in (12.13, 12.23, 12.33)],
}
area = {"west": 12.12, "south": 46.22, "east": 12.38, "north": 46.28}
days = ["2024-01-10", "2024-01-17"]


def means(collection: str, *bands: str) -> Any:
    """The mean of each valley."""
    cube = connection.load_collection(collection, area, days, list(bands) or None)
    return cube.mean_time().aggregate_spatial(valleys, "mean")


radar = means("SENTINEL1_GRD", "VV")
snow = means("TERRA_SNOW_300M_DAILY")
warmth = means("BOREAL_TEMPERATURE_DAILY")
both = radar.process("merge_cubes", cube1=radar, cube2=snow)
result = both.process("merge_cubes", cube1=both, cube2=warmth).save_result("JSON")

# %% Can it run, and where? Nothing is started by this.
checked = connection.post("/validation", {"process_graph": result.flat_graph()}).json()
print("errors:", checked["errors"])
plan = checked["federation:plan"]
for part in plan["parts"]:
    print(f"{part['id']} at {part['backend']}: {', '.join(part['nodes'])}")
    print(f"      {part['why']}")
for exchange in plan["exchanges"]:
    size = "?" if exchange["size"] is None else f"about {exchange['size']} bytes"
    print(f"{exchange['producer']} hands on '{exchange['node']}' ({size}, {exchange['format']})")

# %% What would it cost? The backends run it together, so their costs add up.
body = {"process": {"process_graph": result.flat_graph()}}
estimate = connection.post("/federation/estimates", body).json()
for one in estimate["estimates"]:
    left = one.get("credits", {}).get("left", "?")
    parts = ", ".join(one["federation:parts"])
    print(f"{one['backend']}: {one.get('costs', '?')} credits for {parts}; you have {left} there")
print("together:", estimate.get("costs", "?"))

# %% One job. While it runs, its parts tell how they are.
job = connection.create_job(result, title="Radar, snow and temperature")
print(job.job_id)
job.start()
seen: Any = None
while (status := job.status()) in ("queued", "running"):
    stages = {part["id"]: part["status"] for part in job.describe_job()["federation:parts"]}
    if stages != seen:
        print(status, stages)
    seen = stages
    time.sleep(1)
print("The job is", status)

# %% What happened: each line of the log says which part, and where.
for entry in job.logs():
    print(entry.message)

# %% The result, as of any job. The parts are jobs of yours, too, if you ask for them.
(asset,) = job.get_results().get_assets()
path = asset.download(folder / asset.key)
means_of = json.loads(path.read_text())
for number, values in enumerate(means_of["data"], 1):
    print(f"valley {number}:", dict(zip(means_of["coords"]["bands"], values, strict=True)))
print("costs:", job.describe_job().get("costs"))
print([one["id"] for one in connection.list_jobs()])
everything = connection.get("/jobs", params={"federation:parts": "true"}).json()["jobs"]
print([one["id"] for one in everything])

# %% It is a small process: the same while you wait.
began = time.monotonic()
result.download(folder / "at-once.json")
same = json.loads((folder / "at-once.json").read_text()) == json.loads(path.read_text())
print(f"at once, in {time.monotonic() - began:.1f} seconds; the same: {same}")

# %% Delete the job, and with it all parts at all backends.
job.delete()
