"""Jobs whose books are not complete: no report came, or the backend states other costs."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import click

from aggregator.ledger.amounts import LARGEST, MILLICREDITS, to_credits, to_millicredits
from aggregator.ledger.moments import month_bounds, rfc3339
from aggregator.storage.ledger import Ledger
from aggregator.storage.queries import differences, unreported
from scripts.federation.ledger.rows import Row

Stated = dict[tuple[str, str], int | None]


def unreconciled(ledger: Ledger, month: str, stated: Path | None) -> list[Row]:
    """Jobs of a month without a report, then those of `stated` whose costs differ."""
    found: list[Row] = [
        {
            "provider": hold.provider,
            "job": hold.job,
            "what": "no usage report came",
            "stated": None,
            "charged": None,
            "since": rfc3339(hold.opened),
        }
        for hold in unreported(ledger.database, *month_bounds(month))
    ]
    if stated is None:
        return found
    return found + [
        {
            "provider": one.provider,
            "job": one.job,
            "what": "no usage report came" if one.charged is None else "the costs differ",
            "stated": _credits(one.stated),
            "charged": _credits(one.charged),
            "since": None,
        }
        for one in differences(ledger.database, _read(stated))
    ]


def _read(file: Path) -> Stated:
    """Costs in millicredits by provider and job. Raises ClickException for another form."""
    try:
        listed = json.loads(file.read_text(encoding="utf-8"))
        return {(_text(one["provider"]), _text(one["job"])): _costs(one["costs"]) for one in listed}
    except (ValueError, TypeError, KeyError) as error:
        wanted = '[{"provider": "terra", "job": "j-1", "costs": 7.76}, ...]'
        raise click.ClickException(f"{file} must be JSON like {wanted} ({error!r}).") from None


def _text(value: Any) -> str:
    if not isinstance(value, str):
        raise TypeError(f"{value!r} is no text")
    return value


def _costs(value: Any) -> int | None:
    if value is None:
        return None
    if isinstance(value, bool) or not 0 <= value <= LARGEST / MILLICREDITS:
        raise ValueError(f"{value!r} is no number of credits")
    return to_millicredits(value)


def _credits(millicredits: int | None) -> float | None:
    return None if millicredits is None else to_credits(millicredits)
