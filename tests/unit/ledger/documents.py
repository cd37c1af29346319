"""Reports, grants and tariffs that tests vary."""

from __future__ import annotations

from typing import Any

from aggregator.ledger.amounts import MILLICREDITS
from aggregator.ledger.grants import Grant
from aggregator.ledger.pricing import Tariff, Tariffs, gather, read_tariff

MARCH = 1_773_479_400_000
"""2026-03-14T09:10:00Z"""
DAY = 24 * 60 * 60 * 1000
APRIL = 1_775_001_600_000
"""2026-04-01T00:00:00Z"""


def resources(**changes: Any) -> dict[str, Any]:
    """The body of `POST /resources` in the contract, with changes."""
    return {
        "jobId": "j-2603140910abcd",
        "jobName": "NDVI Flanders March",
        "executionId": "spark-7f3c21",
        "userId": "alice",
        "sourceId": "terra",
        "orchestrator": "openeo",
        "jobStart": 1773479400000,
        "jobFinish": 1773480300000,
        "idempotencyKey": "spark-7f3c21",
        "state": "FINISHED",
        "status": "UNDEFINED",
        "metrics": {
            "cpu": {"value": 7200, "unit": "cpu-seconds"},
            "memory": {"value": 14745600, "unit": "mb-seconds"},
            "time": {"value": 900000, "unit": "milliseconds"},
            "processing": {"value": 2.0, "unit": "credits"},
        },
    } | changes


def added_value(**changes: Any) -> dict[str, Any]:
    """The body of `POST /addedvalue` in the contract, with changes."""
    document = resources(
        idempotencyKey="spark-7f3c21_biopar",
        service="biopar",
        area={"value": 2500000.0, "unit": "square_meter"},
    )
    for name in ("state", "status", "metrics"):
        del document[name]
    return document | changes


def direct(key: str, credits_: float, **changes: Any) -> dict[str, Any]:
    """A report that charges so many credits."""
    metrics = {"processing": {"value": credits_, "unit": "credits"}}
    return resources(idempotencyKey=key, metrics=metrics, **changes)


def grant(key: str, credits_: int, **changes: Any) -> Grant:
    """A grant to alice, usable everywhere, for ever, unless changed."""
    values: dict[str, Any] = {"wallet": "user/alice", "created": MARCH, "key": key} | changes
    return Grant(amount=credits_ * MILLICREDITS, **values)


TERRA: dict[str, Any] = {
    "provider": "terra",
    "title": "Terra Observatory",
    "reporters": ["terra-accounting"],
    "rates": {
        "cpu-seconds": {"credits": 1.5, "per": 3600},
        "mb-seconds": {"credits": 1, "per": 3686400},
    },
    "services": {"biopar": {"credits": 1, "per": 1000000}},
    "defaults": {"batch": {"cpu-seconds": 5400, "mb-seconds": 11059200, "credits": 2}},
    "free_credits_per_month": {"general": 100, "copernicus": 150},
}
AURORA: dict[str, Any] = {
    "provider": "aurora",
    "title": "Aurora Data Centre",
    "reporters": ["aurora-accounting"],
    "free_credits_per_month": {"general": 20},
}


def tariff(document: dict[str, Any] = TERRA, **changes: Any) -> Tariff:
    """A provider's tariff."""
    return read_tariff(document | changes)


def tariffs() -> Tariffs:
    """The tariffs of terra (as in the documentation's worked example) and aurora."""
    return gather([tariff(TERRA), tariff(AURORA)])
