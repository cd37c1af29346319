"""The page with the terms in a real browser: usable without scripts, and by everybody."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from werkzeug.serving import make_server

from tests.fakes.issuers import Issuer
from tests.web.site import Site, assert_error
from tests.web.test_terms import HOSTILE, TERMS, ticket_for
from tests.web.test_tokens import bearer, site_of

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking"]

pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="there is no chromium to look at pages")


@contextmanager
def served(site: Site) -> Iterator[str]:
    """The aggregator on a port of its own."""
    server = make_server("127.0.0.1", 0, site.app, threaded=True)
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join(5)
        server.server_close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    with api.sync_playwright() as playwright:
        opened = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield opened
        opened.close()


@contextmanager
def window(browser: Any, **options: Any) -> Iterator[Any]:
    """A page in which whatever the console complains of, or a script does, is a failure."""
    complaints: list[str] = []
    context = browser.new_context(java_script_enabled=False, **options)
    page = context.new_page()
    page.on("console", lambda message: complaints.append(message.text))
    page.on("dialog", lambda dialog: complaints.append(dialog.message))
    page.on("pageerror", lambda error: complaints.append(str(error)))
    yield page
    context.close()
    assert complaints == []


def test_a_person_agrees_and_withdraws_without_scripts(browser: Any, tmp_path: Path) -> None:
    issuer = Issuer()
    site = site_of(issuer, tmp_path, terms=TERMS)
    user = bearer(issuer.token())
    ticket = ticket_for(site, user)
    with served(site) as url, window(browser) as page:
        page.goto(f"{url}/federation/terms?ticket={ticket}")
        assert page.title() == "To be agreed: Terms of openEO federation"
        page.get_by_role("button", name="I agree").click()
        assert "You have agreed to version 1" in page.get_by_role("status").inner_text()
        assert site.get("/jobs", headers=user).status_code == 200
        page.get_by_role("button", name="Withdraw my agreement").click()
        assert "You have withdrawn" in page.get_by_role("status").inner_text()
        assert_error(site.get("/jobs", headers=user), 403, "ConsentRequired")
        assert "unsafe" not in page.content()
        colour = page.locator("button").first.evaluate("e => getComputedStyle(e).borderRadius")
        assert colour == "4px", "the policy lets the page's own style through"


STATES = ["nobody", "asked", "agreed", "withdrawn", "expired", "hostile"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("state", STATES)
def test_the_page_has_no_barriers(browser: Any, tmp_path: Path, state: str, scheme: str) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    issuer = Issuer()
    hostile = {"version": HOSTILE, "text": HOSTILE * 50, "url": "https://a.test/?a=%22%3E"}
    site = site_of(issuer, tmp_path, terms=hostile if state == "hostile" else TERMS)
    ticket = "" if state == "nobody" else ticket_for(site, bearer(issuer.token()))
    if state in ("agreed", "withdrawn"):
        form = {"ticket": ticket, "decision": "agree", "version": "1"}
        site.client.post("/federation/terms", data=form)
    if state == "withdrawn":
        site.client.post("/federation/terms", data={"ticket": ticket, "decision": "withdraw"})
    if state == "expired":
        site.clock.advance(4000)
    context = browser.new_context(
        color_scheme=scheme, bypass_csp=True, viewport={"width": 375, "height": 700}
    )
    with served(site) as url:
        page = context.new_page()
        page.goto(f"{url}/federation/terms" + (f"?ticket={ticket}" if ticket else ""))
        found = axe.run(page)
        assert found.violations_count == 0, found.generate_report()
        assert page.evaluate("document.documentElement.scrollWidth") <= 375
    context.close()
