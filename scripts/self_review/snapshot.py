"""What must stay constant over time, taken down in each report for the next one."""

from __future__ import annotations

from typing import Any

from scripts.self_review.backend import Backend, Entry
from scripts.self_review.findings import NotJudgedError
from scripts.self_review.probe.client import NoAnswerError
from scripts.self_review.probe.pace import ExhaustedError


def snapshot(backend: Backend) -> dict[str, Any]:
    """Dimensions and bands of each sampled collection, by id; empty if none could be read."""
    try:
        return {
            "collections": {str(one.get("id")): shape(one) for one in backend.full_collections()}
        }
    except (NotJudgedError, NoAnswerError, ExhaustedError):
        return {}


def shape(collection: Entry) -> dict[str, list[str]]:
    """The names that process graphs rely on: dimensions and bands."""
    dimensions = collection.get("cube:dimensions")
    named = dimensions if isinstance(dimensions, dict) else {}
    bands = [
        str(value)
        for one in named.values()
        if isinstance(one, dict) and one.get("type") == "bands"
        for value in one.get("values") or []
        if isinstance(one.get("values"), list)
    ]
    return {"dimensions": sorted(map(str, named)), "bands": bands}
