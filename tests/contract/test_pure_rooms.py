"""Pure rooms read no clock: imports alone do not show `datetime.now()`."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PURE = (
    "merging",
    "routing",
    "federated",
    "ledger",
    "health",
    "identity",
    "documents.py",
    "ids.py",
    "moments.py",
    "errors",
)
CLOCKS = {"now", "utcnow", "today", "monotonic", "perf_counter", "time_ns"}


def pure_files() -> list[Path]:
    """All source files of the pure rooms."""
    found: list[Path] = []
    for name in PURE:
        place = ROOT / "aggregator" / name
        found += sorted(place.rglob("*.py")) if place.is_dir() else [place]
    return found


def clock_calls(source: str) -> list[str]:
    """The calls in this source that would read a clock, as `line: name`."""
    return [
        f"{node.lineno}: {node.func.attr}"
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Call)
        and isinstance(node.func, ast.Attribute)
        and node.func.attr in CLOCKS
    ]


@pytest.mark.parametrize("path", pure_files(), ids=lambda path: str(path.relative_to(ROOT)))
def test_a_pure_room_reads_no_clock(path: Path) -> None:
    assert clock_calls(path.read_text(encoding="utf-8")) == []


def test_the_scan_sees_a_clock() -> None:
    assert clock_calls("from datetime import datetime\nx = datetime.now()") == ["2: now"]
