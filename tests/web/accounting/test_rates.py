"""Everyone reads what the members charge."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.web.accounting.site import PERMISSIONS, TERRAS, VALIDATE, accounting, get
from tests.web.site import Site, assert_error, backend


def test_the_rates_of_all_providers_are_published(site: Site) -> None:
    document = get(site, "/federation/pricing")
    assert document["currency"] == "credits"
    assert [one["provider"] for one in document["providers"]] == ["terra", "aurora"]
    terra = document["providers"][0]
    assert terra["rates"]["cpu-seconds"] == {"credits": 1.5, "per": 3600, "unit": "cpu-seconds"}
    assert "reporters" not in terra
    assert terra == get(site, "/federation/pricing/terra")
    assert_error(site.client.get("/federation/pricing/mars"), 404, "NotFound")


@pytest.mark.parametrize(
    ("query", "accept", "kind"),
    [
        ("", "*/*", "application/json"),
        ("", "text/html,application/xhtml+xml,*/*;q=0.8", "text/html; charset=utf-8"),
        ("", "application/json, text/html;q=0.5", "application/json"),
        ("?f=html", "application/json", "text/html; charset=utf-8"),
        ("?f=json", "text/html", "application/json"),
    ],
)
def test_rates_are_a_page_for_people_and_a_document_for_programs(
    site: Site, query: str, accept: str, kind: str
) -> None:
    answer = site.client.get(f"/federation/pricing{query}", headers={"Accept": accept})
    assert answer.content_type == kind
    assert answer.headers["Vary"].startswith("Accept")
    assert "Terra Observatory" in answer.text


def test_titles_and_names_on_the_page_are_text(tmp_path: Path) -> None:
    site = accounting(tmp_path, title="<script>alert(1)</script>")
    page = site.client.get("/federation/pricing?f=html").text
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


def test_another_form_of_the_rates_is_an_error(site: Site) -> None:
    assert_error(site.client.get("/federation/pricing?f=xml"), 400, "RequestInvalid")


@pytest.mark.parametrize("path", [PERMISSIONS, VALIDATE, "/federation/pricing"])
def test_a_federation_without_accounting_has_none_of_this(tmp_path: Path, path: str) -> None:
    plain = Site({"terra": backend("terra")}, tmp_path)
    assert_error(plain.client.get(path, headers=TERRAS), 404, "NotFound")


def test_capabilities_list_the_rates_and_not_what_members_use(site: Site) -> None:
    document = site.get("/").json
    listed = [endpoint["path"] for endpoint in document["endpoints"]]
    (link,) = [link for link in document["links"] if link["rel"] == "payment"]
    assert link["href"] == "http://federation.test/federation/pricing"
    assert "/federation/pricing" in listed
    assert not any(path.startswith("/federation/accounting") for path in listed)
