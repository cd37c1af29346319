"""A scripted backend that is watched, as tests of what is known of backends have it."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from aggregator.settings import Backend, Upstream
from aggregator.upstream.client import Client
from aggregator.upstream.fleet import Fleet
from aggregator.upstream.snapshots import Snapshots
from tests.fakes.backends import FakeBackend
from tests.fakes.clock import Clock
from tests.fakes.transports import WsgiAdapter

URL = "http://terra.test/openeo/1.3"
TIMES = Upstream(
    probe_interval=0.05, offline_probe_interval=0.05, refresh_interval=60.0, probe_deadline=2.0
)
CAPABILITIES = {
    "api_version": "1.3.0",
    "title": "Terra",
    "conformsTo": [],
    "endpoints": [
        {"path": "/collections", "methods": ["GET"]},
        {"path": "/processes", "methods": ["GET"]},
    ],
}


SMALL = {"api_version": "1.3.0", "conformsTo": [], "endpoints": [{"path": "/", "methods": []}]}


def terra(**answers: Any) -> FakeBackend:
    """A backend with a collection and a process, and further answers."""
    return FakeBackend(
        {
            "GET /": CAPABILITIES,
            "GET /collections": {"collections": [{"id": "S2"}], "links": []},
            "GET /processes": {"processes": [{"id": "ndvi"}], "links": []},
            **answers,
        },
        root="/openeo/1.3",
    )


def snapshots_of(
    app: FakeBackend,
    *,
    url: str = URL,
    directory: Path | None = None,
    clock: Callable[[], float] | None = None,
    times: Upstream = TIMES,
    timer: Callable[[], float] = time.monotonic,
) -> tuple[Snapshots, WsgiAdapter]:
    """What is known of that backend, and the way on which it is asked."""
    adapter = WsgiAdapter({"http://terra.test": app})
    fleet = Fleet([Client("terra", url, transport=lambda: adapter)])
    backend = Backend("terra", url)
    found = Snapshots(
        [backend], fleet, times, directory=directory, clock=clock or Clock(), timer=timer
    )
    return found, adapter


def until(condition: Callable[[], bool], seconds: float = 30.0) -> None:
    """Returns once it is so."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end, "it did not happen in time"
        time.sleep(0.01)
