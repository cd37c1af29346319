"""Members that each hold what the others lack, and one backend that holds everything.

They are the simulated backends of `config/backends` with other collections. They listen on
this machine, compute for real in this process, and read one another's signed results.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import pytest
import yaml

from backends.app import STORE_FILE, create_app
from backends.compute.run import executor
from backends.jobs.store import Store
from backends.profile_reading import load_profile
from tests.fakes.engines import ThreadEngine
from tests.fakes.servers import Api, Listening, free_port

PROFILES: Final = Path(__file__).parents[2] / "config" / "backends"
HOLDINGS: Final[Mapping[str, tuple[str, ...]]] = {
    "terra": ("SENTINEL2_L2A", "SENTINEL3_OLCI_L1B"),
    "aurora": ("SENTINEL1_GRD", "AURORA_DEM"),
    "boreal": ("TERRA_LANDCOVER_MAP", "BOREAL_TEMPERATURE_DAILY"),
}
"""Optical data, radar, and a land-cover map: each at one member only."""
WHOLE: Final = "whole"
"""The name of the backend that holds everything, which is no member."""
ELSEWHERE: Final = "elsewhere"
"""The name of a place that is no backend, of which all of these may load: for servers of tests."""
COMPUTING: Final = pytest.mark.filterwarnings(
    *(
        f"ignore::{category}"
        for category in (
            "rasterio.errors.NotGeoreferencedWarning",
            "dask.array.PerformanceWarning",
            "RuntimeWarning",
            "DeprecationWarning",
        )
    )
)
"""For tests in which these backends compute. What libraries silence for a moment, they silence
for all threads of the process: where two compute at once, one ends the silence of the other.
"""


def documents(ports: Mapping[str, int], **changes: Any) -> dict[str, dict[str, Any]]:
    """The profiles of the members and of the backend with everything, on these ports."""
    members = {name: _document(name) for name in HOLDINGS}
    everything = [entry for name in HOLDINGS for entry in members[name]["collections"]]
    whole = {**_document("terra"), "id": WHOLE, "collections": everything}
    own = [f"127.0.0.1:{port}" for port in ports.values()]
    return {
        name: {
            **document,
            "bind": f"127.0.0.1:{ports[name]}",
            "urls": {"hosts": ["*"], "private": False, "own": own},
            "limits": {**document["limits"], "worker_threads": 1},
            **changes,
        }
        for name, document in {**members, WHOLE: whole}.items()
    }


def _document(name: str) -> dict[str, Any]:
    """The profile of a backend of the local federation, with its part of the collections only."""
    document = yaml.safe_load((PROFILES / f"{name}.yaml").read_text(encoding="utf-8"))
    for section in ("oidc", "accounting"):
        document.pop(section, None)
    held = [entry for entry in document["collections"] if entry["id"] in HOLDINGS[name]]
    assert len(held) == len(HOLDINGS[name])
    return {**document, "collections": held}


class Computing(Api):
    """A simulated backend that listens and computes. It can go away and come back."""

    def __init__(self, document: Mapping[str, Any], folder: Path) -> None:
        folder.mkdir(parents=True)
        file = folder / "profile.yaml"
        file.write_text(yaml.safe_dump(dict(document)), encoding="utf-8")
        self.profile = load_profile(file)
        form = "" if self.profile.token_form == "jwt" else "basic//"
        super().__init__(self.profile.api_url, form)
        self.asked: list[str] = []
        self.store = Store(folder / STORE_FILE)
        self.engine = ThreadEngine(executor(file), self.store)
        self.app = create_app(
            self.profile,
            data_directory=folder,
            engine=self.engine,
            clock=lambda: datetime.now(UTC),
        )
        self.come()

    def come(self) -> None:
        """Listen, at first or again."""
        _, _, port = self.profile.bind.rpartition(":")
        self._server = Listening(self._answer, int(port))

    def go(self) -> None:
        """Refuse connections; what is being computed goes on."""
        self._server.close()

    def close(self) -> None:
        self.go()
        self.engine.close()
        self.store.close()

    def _answer(self, environ: Any, start: Any) -> Any:
        self.asked.append(f"{environ['REQUEST_METHOD']} {environ['PATH_INFO']}")
        return self.app(environ, start)


@contextmanager
def holdings(
    folder: Path, ports: Mapping[str, int] | None = None, **changes: Any
) -> Iterator[dict[str, Computing]]:
    """All of these backends by name, listening as long as the context lasts.

    `changes` are sections of all their profiles.
    """
    ports = ports or {name: free_port() for name in (*HOLDINGS, WHOLE, ELSEWHERE)}
    made: dict[str, Computing] = {}
    try:
        for name, document in documents(ports, **changes).items():
            made[name] = Computing(document, folder / name)
        yield made
    finally:
        for backend in made.values():
            backend.close()


def load_part(url: str) -> dict[str, Any]:
    """The node that reads what another part has saved."""
    return {"process_id": "load_stac", "arguments": {"url": url}}


def saved(node: str, format_: str = "netCDF") -> dict[str, Any]:
    """The node that saves a part's result."""
    arguments = {"data": {"from_node": node}, "format": format_}
    return {"process_id": "save_result", "arguments": arguments, "result": True}
