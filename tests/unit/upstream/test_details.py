"""Full metadata that have grown old are fetched anew by whoever looks after their backend."""

from __future__ import annotations

import time
from typing import Any

from aggregator.upstream.archive import Archive
from aggregator.upstream.client import Client
from aggregator.upstream.details import KeptDetails
from aggregator.upstream.metadata import Metadata
from tests.fakes.backends import Call, FakeBackend
from tests.fakes.clock import Clock
from tests.fakes.transports import WsgiAdapter

URL = "http://terra.test"
COLLECTIONS = [f"S{number}" for number in range(5)]


def test_a_slow_backend_is_not_kept_from_its_probe_by_what_is_due() -> None:
    def slow(call: Call) -> Any:
        time.sleep(0.1)
        return {"id": call.path.rpartition("/")[2]}

    terra, clock = FakeBackend({"GET /collections/*": slow}), Clock()
    client = Client("terra", URL, transport=lambda: WsgiAdapter({URL: terra}))
    metadata, details = Metadata(client, 10_000), KeptDetails(Archive(None, URL), clock, 60)
    for name in COLLECTIONS:
        first = metadata.detail(name, None, clock(), 5)
        assert first is not None
        details.keep(name, first)
    terra.calls.clear()
    clock.advance(120)
    for name in COLLECTIONS:
        assert details.get(name) is not None, "the old one is served"
    details.refresh(metadata, 0.15, lambda: None)
    assert 1 <= len(terra.calls) < len(COLLECTIONS)
    details.refresh(metadata, 5, lambda: None)
    assert sorted(call.path for call in terra.calls) == [f"/collections/{n}" for n in COLLECTIONS]


def test_who_gets_the_old_one_while_it_is_fetched_anew_causes_no_second_fetch() -> None:
    def detail(call: Call) -> Any:
        assert details.get("S0") is not None, "somebody asks meanwhile"
        return {"id": "S0"}

    terra, clock = FakeBackend({"GET /collections/S0": {"id": "S0"}}), Clock()
    client = Client("terra", URL, transport=lambda: WsgiAdapter({URL: terra}))
    metadata, details = Metadata(client, 10_000), KeptDetails(Archive(None, URL), clock, 60)
    first = metadata.detail("S0", None, clock(), 5)
    assert first is not None
    details.keep("S0", first)
    terra.calls.clear()
    terra.answers["GET /collections/S0"] = detail
    clock.advance(120)
    details.get("S0")
    details.refresh(metadata, 5, lambda: None)
    details.refresh(metadata, 5, lambda: None)
    assert len(terra.calls) == 1
