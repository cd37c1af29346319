"""What to do where a requirement fails and its check has nothing closer to say."""

from __future__ import annotations

import json
from collections.abc import Mapping
from functools import cache
from importlib.resources import files

from scripts.self_review.catalogue import Requirement


def hint(row: Requirement) -> str:
    """What to do; a place to read about it where there is no sentence of our own."""
    said = _hints().get(row.id)
    if said:
        return said
    if row.process:
        where = f"https://processes.openeo.org/#{row.process}"
        return f"Compare what the evidence shows with the definition at {where}."
    if row.endpoint and " /" in row.endpoint:
        return f"See {row.endpoint} at https://api.openeo.org."
    return f"See {row.source}."


@cache
def _hints() -> Mapping[str, str]:
    """By requirement, from `data/hints.json`."""
    text = files(__package__).joinpath("data", "hints.json").read_text(encoding="utf-8")
    return dict(json.loads(text))
