"""The report as a web page, read in a browser by whoever decides what is done next."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from scripts.self_review.reports import FORMS
from scripts.self_review.runner import Answers
from tests.fakes.browsers import assert_no_barriers, needs_chromium, opened, window
from tests.unit.self_review.reviewing import reviewed

pytestmark = needs_chromium
CAPABILITIES: dict[str, Any] = {
    "api_version": "1.3.0",
    "backend_version": "1",
    "stac_version": "1.0.0",
    "id": "x",
    "title": "A backend <b>in bold</b>",
    "description": "It has little.",
    "endpoints": [],
}
SOME = ("api-1", "api-9", "api-22", "api-3?", "api-11?", "api-60", "api-71", "governance-1")


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of a report with every verdict that there is, but few rows of each."""
    said = Answers({"governance-1": "See https://example.org."}, {"api-1": "Agreed until May."})
    file: Path = tmp_path_factory.mktemp("report") / "report.html"
    report = reviewed({"GET /": CAPABILITIES}, only=SOME, said=said)
    file.write_text(FORMS["html"](report), encoding="utf-8")
    return file.as_uri()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with opened() as found:
        yield found


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_page_has_no_barriers(browser: Any, page: str, scheme: str) -> None:
    assert_no_barriers(browser, page, scheme)


def test_the_answer_and_what_to_do_next_stand_first(browser: Any, page: str) -> None:
    with window(browser) as there:
        there.goto(page)
        text = there.inner_text("main")
    assert text.index("Meets the federation minimum: no, ") < text.index("What to do next")
    assert text.index("Mend what the minimum requires and fails") < text.index("Profiles")
    assert "A backend <b>in bold</b>" in text


def test_what_the_minimum_requires_is_listed_before_the_rest(browser: Any, page: str) -> None:
    with window(browser) as there:
        there.goto(page)
        ranks = there.eval_on_selector_all(
            "h2#fail ~ details[open] .weight", "all => all.map(one => one.textContent)"
        )
    assert ranks[0] == "minimum"
    assert "recommended" in ranks


def test_what_could_not_be_told_stands_by_its_reason(browser: Any, page: str) -> None:
    with window(browser) as there:
        there.goto(page)
        there.click("nav[aria-label=Findings] a[href='#could-not-tell']")
        reasons = there.eval_on_selector_all("h3", "all => all.map(one => one.textContent)")
    assert any(one.startswith("Needs a login (") for one in reasons)
    assert any(one.startswith("Needs a statement (") for one in reasons)
