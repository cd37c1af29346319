"""How the federation is: which backends answer, and whether it can serve anybody."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from aggregator.upstream.issuers import Standing
from aggregator.usecases import knowledge
from aggregator.usecases.catalogue import Catalogue
from aggregator.usecases.views import View


@dataclass(frozen=True)
class Health:
    """Whether the federation can serve, and the reasons if it cannot."""

    serving: bool
    report: dict[str, Any]


def health(catalogue: Catalogue, view: View, issuers: Mapping[str, Standing]) -> Health:
    """The federation serves while at least one of its backends answers and is known.

    An issuer whose keys cannot be had is reported: its users may be kept out.
    """
    known = catalogue.known(view)
    usable = [b for b, snapshot in known.items() if not snapshot.lacks("capabilities")]
    serving = bool(usable)
    healthy = len(usable) == len(known)
    report: dict[str, Any] = {
        "status": "ok" if healthy else "degraded" if serving else "unavailable",
        "backends": {
            backend: {
                "status": "online" if snapshot.online else "offline",
                "last_status_check": knowledge.moment(snapshot.checked_at),
                "last_successful_check": knowledge.moment(snapshot.seen_at),
                **knowledge.standing(snapshot),
                **({"problem": snapshot.problem} if snapshot.problem else {}),
                **({"failing": dict(snapshot.failing)} if snapshot.failing else {}),
            }
            for backend, snapshot in known.items()
        },
    }
    if issuers:
        report["issuers"] = {
            issuer: {
                "keys": standing.keys,
                "last_successful_check": knowledge.moment(standing.fetched_at),
                **({"problem": standing.problem} if standing.problem else {}),
            }
            for issuer, standing in issuers.items()
        }
    if not serving:
        report["message"] = "None of the backends can be reached."
    return Health(serving, report)
