"""A report in the forms that people and programs read."""

from __future__ import annotations

from collections.abc import Callable

from scripts.self_review.report import Report
from scripts.self_review.reports.html import html
from scripts.self_review.reports.json_form import as_json
from scripts.self_review.reports.junit import junit
from scripts.self_review.reports.markdown import markdown
from scripts.self_review.reports.text import text

Form = Callable[[Report], str]


def _encodable(form: Form) -> Form:
    """The form without half characters, which JSON of a backend can hold but no file."""
    return lambda report: form(report).encode("utf-8", "replace").decode("utf-8")


FORMS: dict[str, Form] = {
    "text": _encodable(text),
    "json": _encodable(as_json),
    "html": _encodable(html),
    "junit": _encodable(junit),
    "markdown": _encodable(markdown),
}
