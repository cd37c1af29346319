"""A real browser to look at pages with: headless Chromium, steered by playwright."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"]

needs_chromium = pytest.mark.skipif(
    CHROMIUM is None, reason="there is no chromium to look at pages (scripts/setup installs it)"
)


@contextmanager
def opened() -> Iterator[Any]:
    """The browser; the test is skipped where playwright is not installed."""
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield browser
        browser.close()


@contextmanager
def window(browser: Any, *, of: str = "", **options: Any) -> Iterator[Any]:
    """A page in which whatever the console complains of is a failure; it runs no scripts unless
    the options say so. `of`: how the addresses begin that are to be without complaints.
    """
    complaints: list[str] = []
    context = browser.new_context(**{"java_script_enabled": False, **options})
    page = context.new_page()
    page.set_default_timeout(20_000)

    def complain(message: Any) -> None:
        if message.location["url"].startswith(of):
            complaints.append(message.text)

    page.on("console", complain)
    page.on("dialog", lambda dialog: complaints.append(dialog.message))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    context.close()
    assert complaints == []


def assert_no_barriers(browser: Any, url: str, scheme: str, width: int = 375) -> None:
    """No finding of axe-core (which is a script), and no scrolling sideways of the page."""
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is missing")
    context = browser.new_context(
        color_scheme=scheme, bypass_csp=True, viewport={"width": width, "height": 700}
    )
    page = context.new_page()
    page.goto(url)
    found = axe.Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    context.close()
