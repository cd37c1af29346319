"""The page with the terms in a real browser: usable without scripts, and by everybody."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.fakes.browsers import assert_no_barriers, needs_chromium, window
from tests.fakes.issuers import Issuer
from tests.fakes.servers import served
from tests.web.site import assert_error
from tests.web.test_terms import HOSTILE, TERMS, ticket_for
from tests.web.test_tokens import bearer, site_of

pytestmark = needs_chromium


def test_a_person_agrees_and_withdraws_without_scripts(browser: Any, tmp_path: Path) -> None:
    issuer = Issuer()
    site = site_of(issuer, tmp_path, terms=TERMS)
    user = bearer(issuer.token())
    ticket = ticket_for(site, user)
    with served(site.app) as url, window(browser) as page:
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
    with served(site.app) as url:
        address = f"{url}/federation/terms" + (f"?ticket={ticket}" if ticket else "")
        assert_no_barriers(browser, address, scheme)
