"""A federation of terra and aurora that counts usage, for the tests of what is paid for."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from aggregator.ledger.amounts import to_credits
from aggregator.ledger.reports import read_resources
from aggregator.storage.ledger import Ledger
from aggregator.storage.verification import verify
from aggregator.usecases.bookkeeping import Bookkeeping
from tests.fakes.backends import FakeBackend, Reply
from tests.fakes.clock import Clock
from tests.unit.ledger.documents import MARCH, direct
from tests.web.site import Site, backend

PLANS = {"currency": "credits", "plans": [{"name": "free", "description": "", "paid": False}]}
TERRA: dict[str, Any] = {
    "provider": "terra",
    "title": "Terra Observatory",
    "reporters": ["terra-accounting"],
    "rates": {"cpu-seconds": {"credits": 1}},
    "defaults": {
        "batch": {"credits": 7},
        "synchronous": {"credits": 2},
        "service": {"credits": 1},
    },
    "free_credits_per_month": {"general": 10},
}
AURORA = TERRA | {
    "provider": "aurora",
    "title": "Aurora Data Centre",
    "reporters": ["aurora-accounting"],
}


def result(identifier: str = "") -> Reply:
    """The answer to a synchronous request."""
    headers = {"OpenEO-Identifier": identifier} if identifier else {}
    said = {"Content-Type": "image/tiff", "OpenEO-Costs": "9"}
    return Reply(200, headers=headers | said, body=[b"pixels"])


def counting(
    directory: Path,
    *,
    terra: Mapping[str, Any] | None = None,
    aurora: Mapping[str, Any] | None = None,
    members: Mapping[str, FakeBackend] | None = None,
    trusted: Sequence[str] = (),
    operators: Sequence[str] = (),
    **settings: Any,
) -> Site:
    """That federation in March 2026; both members have S2, and answer synchronous requests.

    `trusted` are the issuers whose tokens can be believed, `operators` the roles of operators in
    them, `settings` those of the accounting.
    """
    prices = directory / "pricing"
    prices.mkdir(exist_ok=True)
    for document in (TERRA | dict(terra or {}), AURORA | dict(aurora or {})):
        (prices / f"{document['provider']}.yaml").write_text(yaml.safe_dump(document))
    answers = {"POST /result": result("r-1")}
    made = {
        "terra": backend("terra", ("S2", "LAND"), answers=answers, billing=PLANS),
        "aurora": backend("aurora", ("S2", "S1"), answers=answers, billing=PLANS),
    }
    return Site(
        members or made,
        directory,
        clock=Clock(MARCH / 1000),
        identity={"trusted_issuers": list(trusted)},
        operators=list(operators),
        accounting={"pricing": str(prices), **settings},
    )


def books(site: Site) -> Bookkeeping:
    """What the federation's books are kept with."""
    found = site.federation.bookkeeping
    assert found is not None
    return found


def ledger(site: Site) -> Ledger:
    """Its ledger."""
    return books(site).ledger


def report(site: Site, job: str, credits_: float, provider: str = "terra", **more: Any) -> None:
    """The provider reports that a job (or request, unless it has a start) cost so much."""
    about = {"jobId": job, "sourceId": provider, "jobStart": None, "jobFinish": None} | more
    document = direct(f"{provider}-{job}-{credits_}", credits_, **about)
    ledger(site).report(read_resources(document), f"{provider}-accounting", now(site))


def now(site: Site) -> int:
    """The moment that the federation thinks it is."""
    return int(site.clock() * 1000)


def left(site: Site, provider: str = "terra", user: str = "alice") -> float:
    """What a user can spend at a provider, in credits; the books are in order."""
    assert verify(ledger(site).database) == []
    return to_credits(ledger(site).purse(f"user/{user}", now(site)).available(provider, now(site)))


def held(site: Site) -> list[tuple[str, str | None, float]]:
    """What is put aside: the provider, the job if it is known, and credits."""
    return [
        (hold.provider, hold.job, to_credits(hold.amount)) for hold in ledger(site).open_holds()
    ]
