"""A monitor's history: how available the backend was, month by month."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import ROUND_FLOOR, Decimal
from pathlib import Path
from typing import Any, Final

from scripts.self_review.statements import StatementError

GRACE: Final = 3
"""The first months of a new provider."""
_MONTH: Final = re.compile("[0-9]{4}-(0[1-9]|1[0-2])")


@dataclass(frozen=True, slots=True)
class Month:
    """One month: `uptime` in percent, `interval` between probes in seconds if known."""

    name: str
    uptime: float
    interval: float | None = None
    is_early: bool = False

    @property
    def percent(self) -> str:
        """The uptime, cut off and never rounded up: what fails at 99.5 is not shown as 99.50."""
        return str(Decimal(str(self.uptime)).quantize(Decimal("0.01"), ROUND_FLOOR))

    def months_since(self, earlier: Month) -> int:
        """How many months it is later than another, whether or not those between are known."""
        return self._number - earlier._number

    @property
    def _number(self) -> int:
        return int(self.name[:4]) * 12 + int(self.name[5:])


def read(path: Path, backend: str | None = None) -> list[Month]:
    """The whole months of a history in JSON, in order; raises StatementError.

    Either `{"months": [{"month": "2026-10", "uptime": 99.7}, …]}`, or such an object for each
    backend below `backends`, as the export of a federation's monitor has it. `uptime` is in
    percent; `counted` and `up`, numbers of probes, go before it. `since` is the month in which the
    backend joined the federation.
    """
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise StatementError(f"{path} cannot be read: {error}") from error
    found = _of_backend(path, document, backend)
    months = found.get("months")
    if not isinstance(months, list):
        raise StatementError(f"{path} has no array `months`.")
    since = str(found.get("since") or "")
    read_ = sorted((_month(path, one) for one in months), key=lambda one: one.name)
    return _with_grace(read_, since)


def _of_backend(path: Path, document: Any, backend: str | None) -> Mapping[str, Any]:
    if isinstance(document, Mapping) and isinstance(document.get("backends"), Mapping):
        backends = document["backends"]
        key = backend or (next(iter(backends)) if len(backends) == 1 else None)
        if key is None or not isinstance(backends.get(key), Mapping):
            known = ", ".join(map(str, backends))
            raise StatementError(f"{path} is of {known}; say of which with --history-backend.")
        return dict(backends[key])
    if not isinstance(document, Mapping):
        raise StatementError(f"{path} must be an object with `months`.")
    return document


def _month(path: Path, entry: Any) -> Month:
    said = entry.get("month") if isinstance(entry, Mapping) else None
    name = said[:7] if isinstance(said, str) else ""
    if not isinstance(entry, Mapping) or not _MONTH.fullmatch(name):
        raise StatementError(f"{path}: each month must say its `month`, as in 2026-10.")
    interval = entry.get("interval_seconds")
    known = float(interval) if isinstance(interval, int | float) else None
    return Month(name, _uptime(path, entry), known)


def _uptime(path: Path, entry: Mapping[str, Any]) -> float:
    counted, up, uptime = (entry.get(key) for key in ("counted", "up", "uptime"))
    if isinstance(counted, int) and isinstance(up, int) and 0 <= up <= counted and counted:
        return 100 * up / counted
    if isinstance(uptime, int | float) and 0 <= uptime <= 100:
        return float(uptime)
    month = entry["month"]
    raise StatementError(f"{path}: {month} needs `uptime` in percent, or `counted` and `up`.")


def _with_grace(months: Sequence[Month], since: str) -> list[Month]:
    early = [one.name for one in months if since and one.name >= since[:7]][:GRACE]
    return [Month(one.name, one.uptime, one.interval, one.name in early) for one in months]
