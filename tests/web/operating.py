"""An operator of the federation in tests: what they decide, and what is seen of members."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Any

from aggregator.health.observations import Observation
from aggregator.moments import HOUR, day_start
from tests.fakes.clock import Clock
from tests.web.site import Site, backend

TOKEN = "a-token-of-operations"
OPERATOR = {"Authorization": f"Bearer {TOKEN}"}
SPARSE = 4 * HOUR
SETTINGS = {
    "interval": SPARSE / 1000,
    "operator_tokens": [hashlib.sha256(TOKEN.encode()).hexdigest()],
}
NOW = day_start("2026-05-04") // 1000


def observed(directory: Path) -> Site:
    """A federation of terra and aurora whose availability is recorded, at the beginning of May."""
    terra = backend("terra", ("S2", "LAND"), ("ndvi",))
    aurora = backend("aurora", ("S2", "S1"), ("radar_mask",))
    members = {"terra": terra, "aurora": aurora}
    return Site(members, directory, clock=Clock(NOW), availability=SETTINGS)


def decide(site: Site, decision: str, backend: str = "terra", **headers: str) -> Any:
    body = {"backend": backend, "decision": decision, "reason": "Two warnings; we talked."}
    return site.post("/federation/decisions", body, headers=headers or OPERATOR)


def member(site: Site, name: str = "terra") -> Any:
    return site.get("/").json["federation"][name]


def observe(site: Site, seen: list[Observation]) -> None:
    site.federation.availability.record.observe(seen)
