"""What changed since an earlier report."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from scripts.self_review.findings import Finding
from scripts.self_review.report import FORMAT
from scripts.self_review.statements import StatementError

NEW, GONE = "not looked at", "not looked at"


def read(path: Path) -> Mapping[str, Any]:
    """An earlier report in its JSON form; raises StatementError."""
    try:
        document = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise StatementError(f"{path} cannot be read: {error}") from error
    major = FORMAT.partition(".")[0]
    if not isinstance(document, dict) or not isinstance(document.get("findings"), list):
        raise StatementError(f"{path} is no report of this program (--format json).")
    if str(document.get("format", "")).partition(".")[0] != major:
        raise StatementError(f"{path} has format {document.get('format')}; {major}.x is read.")
    return document


def changes(earlier: Mapping[str, Any], findings: Sequence[Finding]) -> list[dict[str, str]]:
    """Each requirement whose verdict differs, with both verdicts and what is said now."""
    before = {
        str(one["id"]): str(one.get("verdict"))
        for one in earlier["findings"]
        if isinstance(one, dict) and "id" in one
    }
    now = {one.id: one for one in findings}
    found = [
        {
            "id": name,
            "before": before.get(name, NEW),
            "now": one.verdict.value,
            "says": one.outcome.says,
        }
        for name, one in now.items()
        if before.get(name) != one.verdict.value
    ]
    gone = [name for name in before if name not in now]
    return found + [{"id": n, "before": before[n], "now": GONE, "says": ""} for n in gone]
