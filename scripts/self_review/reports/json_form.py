"""The report as JSON, in the form of `data/report.schema.json`."""

from __future__ import annotations

import json

from scripts.self_review.report import Report, document


def as_json(report: Report) -> str:
    return json.dumps(document(report), indent=2, ensure_ascii=False) + "\n"
