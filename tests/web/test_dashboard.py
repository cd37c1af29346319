"""The board of the federation: page, JSON, badge, metrics; one state with routing and `GET /`."""

from __future__ import annotations

import gzip
import re
from html import unescape
from pathlib import Path
from typing import Any
from urllib.parse import urljoin
from xml.etree import ElementTree as Xml

import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from aggregator.moments import DAY, HOUR, day_start
from aggregator.settings import PAGES, SettingsError, read
from tests.fakes.clock import Clock
from tests.fakes.health import probes
from tests.web.paying import counting
from tests.web.site import Site, assert_error, backend

NOW = day_start("2026-05-04") + 9 * HOUR
STEP = HOUR
SETTINGS = {"interval": STEP / 1000}
HOSTILE = '<script>alert("x")</script>'


def site_of(tmp_path: Path, *, down: tuple[str, ...] = (), **settings: Any) -> Site:
    members = {name: backend(name) for name in ("terra", "aurora", "boreal")}
    return Site(
        members, tmp_path, down=down, clock=Clock(NOW // 1000), availability=SETTINGS, **settings
    )


def observed(site: Site, *down: tuple[int, int], name: str = "terra", days: int = 100) -> None:
    """Hourly probes of so many days."""
    start = NOW - days * DAY
    record = site.federation.availability.record
    record.observe(probes(start, NOW, backend=name, down=down, step=STEP))


def board(site: Site, path: str = "/federation", **options: Any) -> Any:
    answer = site.client.get(path, **options)
    assert answer.status_code == 200
    return answer.json


def page(site: Site, path: str = "/federation") -> str:
    answer = site.client.get(path, headers={"Accept": "text/html"})
    assert answer.status_code == 200
    assert answer.content_type == "text/html; charset=utf-8"
    return answer.text


def test_the_headline_names_who_is_offline(tmp_path: Path) -> None:
    assert board(site_of(tmp_path))["headline"] == "All 3 backends online"
    site = site_of(tmp_path, down=("boreal",))
    assert board(site)["headline"] == "1 of 3 backends offline: Boreal"
    assert "<title>1 of 3 backends offline: Boreal – " in page(site)
    everybody = site_of(tmp_path, down=("terra", "aurora", "boreal"))
    assert board(everybody)["headline"] == "All 3 backends offline"


def test_board_capabilities_and_metrics_say_the_same(tmp_path: Path) -> None:
    site = site_of(tmp_path, down=("boreal",))
    members = site.get("/").json["federation"]
    shown = board(site)["backends"]
    assert {n: m["status"] for n, m in members.items()} == {
        n: m["status"] for n, m in shown.items()
    }
    assert shown["boreal"]["status"] == "offline"
    assert 'openeo_federation_backend_up{backend="boreal"} 0.0' in site.client.get("/metrics").text


def test_the_links_of_one_member_are_about_it_alone(tmp_path: Path) -> None:
    site = site_of(tmp_path)
    here = "http://federation.test/federation"
    for path, own, feed, history in (
        ("/federation", "", "/feed", "/history"),
        ("/federation/terra", "/terra", "/feed?backend=terra", "/history?backend=terra"),
    ):
        links = [(link["rel"], link["href"]) for link in board(site, path)["links"]]
        assert ("self", here + own) in links
        assert ("alternate", here + feed) in links
        assert ("related", here + history) in links
        atom = Xml.fromstring(site.client.get(f"/federation{feed}").data)
        [people] = atom.findall("{http://www.w3.org/2005/Atom}link[@rel='alternate']")
        assert people.get("href") == here + own


def test_a_member_that_fails_is_shown_at_once(tmp_path: Path) -> None:
    site = site_of(tmp_path)
    assert board(site)["headline"] == "All 3 backends online"
    site.go_down("terra")
    site.federation.refresh()
    assert board(site)["headline"] == "1 of 3 backends offline: Terra"


def test_ninety_days_are_shown_also_those_without_a_probe(tmp_path: Path) -> None:
    site = site_of(tmp_path)
    observed(site, (NOW - 9 * HOUR, NOW - 7 * HOUR), days=2)
    days = board(site)["backends"]["terra"]["days"]
    assert len(days) == 90
    assert [day["day"] for day in days[-3:]] == ["2026-05-02", "2026-05-03", "2026-05-04"]
    assert [day["state"] for day in days[-4:]] == ["none", "good", "good", "bad"]
    assert days[-1] == {
        "day": "2026-05-04",
        "up": 7,
        "down": 2,
        "excused": 0,
        "p50_ms": 100,
        "p95_ms": 100,
        "uptime": "77.77",
        "state": "bad",
    }
    assert days[0]["uptime"] is None


def test_numbers_are_cut_off_never_rounded_up(tmp_path: Path) -> None:
    site = site_of(tmp_path)
    observed(site, (NOW - HOUR, NOW), days=100)
    shown = board(site)["backends"]["terra"]
    assert shown["uptime_30_days"] == "99.85"  # 704 of 705 (of the day of 29 days ago on) failed 1
    assert "99.85 %" in page(site)


def test_maintenance_under_way_is_told_and_does_not_count(tmp_path: Path) -> None:
    site = site_of(tmp_path)
    site.federation.availability.operations.announce_maintenance(
        backend="terra",
        starts="2026-05-04T06:00:00Z",
        ends="2026-05-04T12:00:00Z",
        announced="2026-05-01T00:00:00Z",
        text=HOSTILE,
        by="operator",
    )
    observed(site, (NOW - 3 * HOUR, NOW), days=1)
    shown = board(site)
    assert shown["backends"]["terra"]["maintenance"] is True
    assert shown["backends"]["terra"]["uptime_month"] == "100.00"
    assert [window["backend"] for window in shown["maintenance"]] == ["terra"]


def test_what_others_have_written_stays_text(tmp_path: Path) -> None:
    site = site_of(tmp_path, title=HOSTILE)
    site.federation.availability.operations.announce(
        kind="notice", title=HOSTILE, text=HOSTILE, by="operator"
    )
    shown = page(site)
    assert "<script" not in shown
    assert "&lt;script&gt;" in shown


def test_titles_of_backends_stay_text_on_page_and_badge(tmp_path: Path) -> None:
    site = Site({"terra": backend("terra", title=HOSTILE)}, tmp_path, clock=Clock(NOW // 1000))
    assert board(site)["headline"] == f"{HOSTILE} is online"
    assert "<script" not in page(site)
    badge = site.client.get("/federation/terra/badge.svg").text
    assert "<script" not in badge and "&lt;script&gt;" in badge


def test_a_badge_is_xml_whatever_is_in_a_title(tmp_path: Path) -> None:
    title = "Te\x00rra \x07\x1b \ufffe ]]> & 'x'"
    site = Site({"terra": backend("terra", title=title)}, tmp_path, clock=Clock(NOW // 1000))
    for path in ("/federation/badge.svg", "/federation/terra/badge.svg"):
        picture = Xml.fromstring(site.client.get(path).data)
        said = picture.findtext("{http://www.w3.org/2000/svg}title")
        assert said == "Te\ufffdrra \ufffd\ufffd \ufffd ]]> & 'x': online"


def test_nothing_internal_is_public(tmp_path: Path) -> None:
    site = site_of(tmp_path)
    observed(site, (NOW - 5 * HOUR, NOW - 2 * HOUR), days=1)
    for path in ("/federation", "/federation?f=html", "/federation/terra", "/metrics"):
        text = site.client.get(path).text
        assert "10.0.0.7" not in text and "refused" not in text
        assert "terra.test" not in text


def test_a_page_is_for_who_asks_for_html_first(tmp_path: Path) -> None:
    site = site_of(tmp_path)
    kinds = {
        "text/html,application/json;q=0.9": "text/html",
        "application/json": "application/json",
        "*/*": "application/json",
        "application/json,text/html;q=0.5": "application/json",
    }
    for accept, kind in kinds.items():
        answer = site.client.get("/federation", headers={"Accept": accept})
        assert answer.content_type.startswith(kind), accept
        assert "Accept" in answer.headers["Vary"]
    assert site.client.get("/federation").content_type == "application/json"
    assert site.client.get("/federation?f=html").content_type.startswith("text/html")
    assert_error(site.client.get("/federation?f=pdf"), 400, "RequestInvalid")


def test_pages_are_compressed_tagged_and_not_sent_twice(tmp_path: Path) -> None:
    site = site_of(tmp_path)
    headers = {"Accept": "text/html", "Accept-Encoding": "gzip"}
    first = site.client.get("/federation", headers=headers)
    assert b"<!doctype html>" in gzip.decompress(first.data)
    assert first.headers["Cache-Control"] == "public, max-age=15"
    again = site.client.get(
        "/federation", headers=headers | {"If-None-Match": first.headers["ETag"]}
    )
    assert again.status_code == 304


def test_a_page_needs_no_script_and_loads_nothing(tmp_path: Path) -> None:
    answer = site_of(tmp_path).client.get("/federation?f=html")
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy and "script" not in policy
    assert "src=" not in answer.text and "@import" not in answer.text


def test_a_member_has_a_page_of_its_own(tmp_path: Path) -> None:
    site = site_of(tmp_path)
    shown = board(site, "/federation/aurora")
    assert list(shown["backends"]) == ["aurora"]
    assert shown["headline"] == "Aurora is online"
    assert "terra" not in page(site, "/federation/aurora").lower()
    missing = assert_error(site.client.get("/federation/nowhere"), 404, "NotFound")
    assert missing["message"] == (
        "There is no page and no backend 'nowhere' here; backends are: terra, aurora, boreal."
    )


@pytest.mark.parametrize(
    ("path", "told"),
    [
        ("/federation/mars", "There is no page and no backend 'mars' here; backends are: terra, "),
        ("/federation/pricing/mars", "There are no rates of a provider 'mars'; there are: terra, "),
    ],
)
def test_a_browser_is_told_on_a_page_what_is_not_there_and_where_to_go_on(
    tmp_path: Path, path: str, told: str
) -> None:
    site = counting(tmp_path)
    answer = site.client.get(path, headers={"Accept": "text/html,*/*;q=0.8"})
    assert (answer.status_code, answer.mimetype) == (404, "text/html")
    assert told in unescape(answer.text)
    assert answer.headers["X-Request-Id"] in answer.text
    assert "script" not in answer.headers["Content-Security-Policy"]
    [home] = re.findall(r'href="([^"]+)"', answer.text)
    assert urljoin(f"/eo{path}", home) == "/eo/federation"
    assert told in assert_error(site.client.get(path), 404, "NotFound")["message"]
    assert_error(
        site.client.get(f"{path}?f=json", headers={"Accept": "text/html"}), 404, "NotFound"
    )


def test_a_page_of_what_is_not_there_repeats_no_token_and_no_markup(tmp_path: Path) -> None:
    token = "basic//abcdefgh"
    headers = {"Accept": "text/html", "Authorization": f"Bearer {token}"}
    answer = site_of(tmp_path).client.get("/federation/<b>abcdefgh", headers=headers)
    assert answer.status_code == 404
    assert "abcdefgh" not in answer.text and "<b>" not in answer.text


def test_badges_say_how_many_are_online_and_the_uptime(tmp_path: Path) -> None:
    site = site_of(tmp_path, down=("boreal",))
    observed(site, days=1)
    badge = site.client.get("/federation/badge.svg")
    assert badge.content_type.startswith("image/svg+xml")
    assert "<title>backends: 2 of 3 online</title>" in badge.text
    assert "online 100.00 %" in site.client.get("/federation/terra/badge.svg").text
    assert "offline" in site.client.get("/federation/boreal/badge.svg").text
    assert_error(site.client.get("/federation/nowhere/badge.svg"), 404, "NotFound")


def test_metrics_are_openmetrics_where_that_is_accepted(tmp_path: Path) -> None:
    site = site_of(tmp_path)
    observed(site, (NOW - 9 * HOUR, NOW - 7 * HOUR), days=1)
    accept = "application/openmetrics-text; version=1.0.0"
    answer = site.client.get("/metrics", headers={"Accept": accept})
    assert answer.content_type.startswith("application/openmetrics-text")
    parsed = text_string_to_metric_families(answer.text)  # type: ignore[no-untyped-call]
    families = {family.name: family for family in parsed}
    ratios = {
        (sample.labels["backend"], sample.labels["window"]): sample.value
        for sample in families["openeo_federation_backend_uptime_ratio"].samples
    }
    assert ratios["terra", "90d"] == pytest.approx(22 / 24)
    assert ("aurora", "90d") not in ratios
    durations = families["openeo_federation_backend_probe_duration_seconds"].samples
    assert [(s.labels, s.value) for s in durations] == [({"backend": "terra"}, 0.08)]
    assert site.client.get("/metrics").content_type.startswith("text/plain")


def test_without_the_record_the_present_state_is_shown_and_the_lack_is_said(
    tmp_path: Path,
) -> None:
    (tmp_path / "broken.sqlite").write_bytes(b"no database at all, whatever its name says" * 100)
    url = f"sqlite:///{tmp_path}/broken.sqlite"
    site = site_of(tmp_path, down=("boreal",), database=url)
    shown = board(site)
    assert shown["complete"] is False
    assert shown["headline"] == "1 of 3 backends offline: boreal"
    assert "cannot be read" in page(site)
    assert "openeo_federation_record_readable 0.0" in site.client.get("/metrics").text


def test_capabilities_link_to_the_state(tmp_path: Path) -> None:
    links = {link["rel"]: link for link in site_of(tmp_path).get("/").json["links"]}
    assert links["status"]["href"] == "http://federation.test/federation"


def test_no_backend_can_be_named_like_a_page(tmp_path: Path) -> None:
    rules = site_of(tmp_path).app.url_map.iter_rules()
    pages = {
        rule.rule.split("/")[2]
        for rule in rules
        if rule.rule.startswith("/federation/") and "<" not in rule.rule.split("/")[2]
    }
    assert {name for name in pages if name.isidentifier()} <= PAGES
    document = {"backends": {"feed": {"url": "https://a.example"}}}
    with pytest.raises(SettingsError, match=r"backends\.feed: this is the name of a page"):
        read(document)


def test_the_page_leads_to_the_notes_and_to_prices_where_there_are_any(tmp_path: Path) -> None:
    assert 'href="federation/notes"' in page(site_of(tmp_path))
    assert 'href="federation/pricing"' not in page(site_of(tmp_path))
    (tmp_path / "paid").mkdir()
    assert 'href="federation/pricing"' in page(counting(tmp_path / "paid"))


@pytest.mark.parametrize(
    "path",
    ["/federation", "/federation/terra", "/federation/pricing", "/federation/pricing/terra"],
)
def test_pages_lead_on_also_where_a_proxy_serves_them_below_a_path(
    tmp_path: Path, path: str
) -> None:
    site = counting(tmp_path)
    links = re.findall(r'href="([^"]+)"', site.client.get(f"{path}?f=html").text)
    assert len(links) > 1
    for link in links:
        there = urljoin(f"/eo{path}", link)
        assert there.startswith("/eo/"), link
        assert site.client.get(there.removeprefix("/eo")).status_code == 200, link
