"""A report in the forms that people and programs read."""

from __future__ import annotations

from collections.abc import Callable

from scripts.self_review.report import Report
from scripts.self_review.reports.html import html
from scripts.self_review.reports.json_form import as_json
from scripts.self_review.reports.junit import junit
from scripts.self_review.reports.markdown import markdown
from scripts.self_review.reports.text import text

FORMS: dict[str, Callable[[Report], str]] = {
    "text": text,
    "json": as_json,
    "html": html,
    "junit": junit,
    "markdown": markdown,
}
