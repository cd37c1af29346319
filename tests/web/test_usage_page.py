"""The pages on usage in a real browser: usable by everybody, without scripts, on a telephone."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from aggregator.storage.reconciliation import Sighting, note
from tests.fakes.browsers import assert_no_barriers, needs_chromium, window
from tests.fakes.servers import served
from tests.web.paying import books, counting, ledger, now, report
from tests.web.viewers import OPERATOR, access

pytestmark = needs_chromium

LONG = "5b0c1f0e-2d3a-4c8e-9a61-0f6d2e5b7a10-of-a-rather-long-kind"


def pages(directory: Path) -> tuple[Any, dict[str, str]]:
    """A federation in which something was used, and the pages by what they show."""
    site = counting(
        directory, operators=["urn:federation:operators"], trusted=["https://issuer.test"]
    )
    for user in ("alice", LONG):
        ledger(site).welcome(user, ["general"], now(site))
    for day in range(5):
        report(site, f"j-{day}", 0.5 + day, userId="alice")
        report(site, f"k-{day}", 1.25, "aurora", userId=LONG, jobStart=1)
        site.clock.advance(86400)
    note(ledger(site).database, [Sighting("terra", "j-x", LONG, "finished", 2000, now(site))])
    site.clock.advance(7200)
    mine = books(site).usage.links(access())[0]["href"]
    every = books(site).usage.links(OPERATOR)[-1]["href"]
    return site, {
        "mine": mine,
        "by backend": f"{mine}&group=backend",
        "empty": f"{mine}&month=2025-01",
        "of all": f"{every}&group=user",
        "settlement": every.replace("/usage?", "/settlement?"),
        "unreconciled": every.replace("/usage?", "/unreconciled?"),
    }


@pytest.mark.parametrize(("scheme", "width"), [("light", 1000), ("dark", 375)])
def test_the_pages_have_no_barriers_and_need_no_scrolling_sideways(
    browser: Any, tmp_path: Path, scheme: str, width: int
) -> None:
    site, addresses = pages(tmp_path)
    with served(site.app) as url:
        for address in addresses.values():
            here = address.replace("http://federation.test", url) + "&f=html"
            assert_no_barriers(browser, here, scheme, width)


def test_a_quota_is_a_bar_with_its_numbers_and_a_day_a_bar_with_its_credits(
    browser: Any,
    tmp_path: Path,
) -> None:
    site, addresses = pages(tmp_path)
    with served(site.app) as url, window(browser) as page:
        page.goto(addresses["mine"].replace("http://federation.test", url) + "&f=html")
        bar = page.get_by_label("Terra Observatory")
        assert (bar.get_attribute("value"), bar.get_attribute("max")) == ("10.0", "10.0")
        assert "2.5 credits of them were not covered" in page.inner_text("main")
        days = page.locator("svg.chart rect title").all_text_contents()
        assert days == [
            "2026-03-14: 0.5 credits",
            "2026-03-15: 1.5 credits",
            "2026-03-16: 2.5 credits",
            "2026-03-17: 3.5 credits",
            "2026-03-18: 4.5 credits",
        ]
        page.get_by_role("link", name="backend").click()
        assert page.locator("tbody th").all_text_contents() == ["terra"]
        page.get_by_role("link", name="Month before").click()
        assert "No usage was reported." in page.inner_text("main")
