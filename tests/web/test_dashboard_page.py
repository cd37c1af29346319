"""The board in a real browser: usable without scripts, by keyboard, and by everybody."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from aggregator.moments import DAY, HOUR
from tests.fakes.browsers import assert_no_barriers, needs_chromium, window
from tests.fakes.clock import Clock
from tests.fakes.health import probes
from tests.fakes.servers import served
from tests.web.paying import counting
from tests.web.site import Site, backend, collection
from tests.web.test_dashboard import HOSTILE, NOW, SETTINGS, STEP

pytestmark = needs_chromium

OTHER_LICENCE = {
    "GET /collections": {"collections": [collection("S2", license="proprietary")], "links": []}
}


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """Three members with a past, one of them down, unstable and with an unfriendly title."""
    members = {
        "terra": backend("terra"),
        "aurora": backend("aurora", title=HOSTILE, answers=OTHER_LICENCE),
        "boreal": backend("boreal"),
    }
    folder: Path = tmp_path_factory.mktemp("board")
    clock = Clock(NOW // 1000)
    found = Site(members, folder, down=("boreal",), clock=clock, availability=SETTINGS)
    record = found.federation.availability.record
    for name, every in (("terra", 40), ("aurora", 9), ("boreal", 3)):
        start = NOW - 100 * DAY
        down = tuple((at, at + 5 * HOUR) for at in range(start, NOW, every * DAY))
        record.observe(probes(start, NOW, backend=name, down=down, step=STEP))
    record.close_months(NOW)
    operations = found.federation.availability.operations
    operations.announce(kind="notice", title=HOSTILE, text=HOSTILE, by="operator")
    operations.announce_maintenance(
        backend="terra",
        starts="2026-05-10T08:00:00Z",
        ends="2026-05-10T12:00:00Z",
        text="New storage.",
        by="operator",
    )
    found.federation.availability.standings.refresh()
    return found


@pytest.mark.parametrize("path", ["/federation", "/federation/boreal", "/federation/notes"])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_board_has_no_barriers(browser: Any, site: Site, path: str, scheme: str) -> None:
    with served(site.app) as url:
        assert_no_barriers(browser, url + path, scheme)


@pytest.mark.parametrize("width", [375, 1100])
def test_notes_follow_the_scheme_and_need_no_scrolling_sideways(
    browser: Any, site: Site, width: int
) -> None:
    shape = {"width": width, "height": 800}
    with (
        served(site.app) as url,
        window(browser, color_scheme="dark", viewport=shape) as page,
    ):
        page.goto(f"{url}/federation/notes")
        assert page.evaluate("document.documentElement.scrollWidth") == width
        background = "getComputedStyle(document.body).backgroundColor"
        assert page.evaluate(background) == "rgb(22, 22, 22)"
        assert page.locator("td.also").first.is_visible() is (width > 375)


def test_rates_need_no_scrolling_sideways(browser: Any, tmp_path: Path) -> None:
    site = counting(tmp_path)
    with served(site.app) as url:
        assert_no_barriers(browser, f"{url}/federation/pricing?f=html", "dark", 360)


def test_long_words_of_titles_and_texts_need_no_scrolling_sideways(
    browser: Any, tmp_path: Path
) -> None:
    word = "W" * 120
    site = Site(
        {"terra": backend("terra", title=word)}, tmp_path, clock=Clock(NOW // 1000), title=word
    )
    operations = site.federation.availability.operations
    operations.decide("terra", "exclude", word, by="operator")
    operations.announce(kind="notice", title=word, text=word, by="operator")
    with served(site.app) as url:
        for path in ("/federation", "/federation/terra", "/federation/notes"):
            assert_no_barriers(browser, url + path, "light", 390)


def test_the_board_is_read_and_walked_through_by_keyboard_alone(browser: Any, site: Site) -> None:
    with served(site.app) as url, window(browser) as page:
        page.goto(f"{url}/federation")
        assert page.title() == "1 of 3 backends offline: boreal – openEO federation"
        seen = []
        for _ in range(8):
            page.keyboard.press("Tab")
            seen.append(page.locator(":focus").inner_text())
        assert seen[1:4] == ["Terra", HOSTILE, "boreal"]
        page.locator("summary", has_text="boreal").focus()
        page.keyboard.press("Enter")
        assert page.get_by_text("Monthly verdicts", exact=False).last.is_visible()


def test_state_is_said_in_shape_word_and_colour(browser: Any, site: Site) -> None:
    with served(site.app) as url, window(browser) as page:
        page.goto(f"{url}/federation")
        states = page.locator(".state")
        words = [states.nth(number).inner_text().split() for number in range(3)]
        assert words == [["●", "online"], ["●", "online"], ["✕", "offline"]]
        colours = {
            states.nth(number).evaluate("e => getComputedStyle(e).color") for number in (0, 2)
        }
        assert len(colours) == 2


def test_every_row_of_bars_says_in_words_what_it_shows(browser: Any, site: Site) -> None:
    with served(site.app) as url, window(browser) as page:
        page.goto(f"{url}/federation")
        bars = page.get_by_role("img")
        assert bars.count() == 3
        label = bars.first.get_attribute("aria-label")
        assert label == (
            "Terra, the last 90 days: 2 of 90 measured days with downtime, the last on 2026-04-14"
        )
