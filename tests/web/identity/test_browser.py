"""The pages of the provider in a real browser: by keyboard, without scripts, for everybody."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import jwt
import pytest
from flask import Flask, Response

from tests.fakes.browsers import needs_chromium, opened, window
from tests.fakes.servers import free_port, served
from tests.web.identity.site import AUTHORIZATION, VERIFIER, Site, authorization

pytestmark = needs_chromium


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    with opened() as chromium:
        yield chromium


@contextmanager
def provider(folder: Path, application: str = "http://localhost") -> Iterator[tuple[Site, str]]:
    """The provider at an address of its own, with a client that is the application."""
    port = free_port()
    url = f"http://127.0.0.1:{port}"
    grants = ["authorization_code", "device_code", "refresh_token"]
    client = {"title": "Editor", "grants": grants, "redirect_urls": [f"{application}/"]}
    site = Site(folder, bind=f"127.0.0.1:{port}", issuer=url, clients={"editor": client})
    site.clock.now = time.time()
    with served(site.app, port):
        yield site, url


def application() -> Flask:
    """A page of another origin, whose own scripts may ask whom they want."""
    app = Flask(__name__)

    @app.get("/")
    def page() -> Response:
        return Response("<!doctype html><title>Editor</title><link rel=icon href='data:,'>")

    return app


EXCHANGE = """
async ([issuer, form]) => {
  const configuration = await (await fetch(issuer + "/.well-known/openid-configuration")).json();
  const body = new URLSearchParams(form);
  const tokens = await (await fetch(configuration.token_endpoint, {method: "POST", body})).json();
  const headers = {Authorization: "Bearer " + tokens.access_token};
  const user = await (await fetch(configuration.userinfo_endpoint, {headers})).json();
  const keys = (await (await fetch(configuration.jwks_uri)).json()).keys;
  const bytes = text => Uint8Array.from(
    atob(text.replace(/-/g, "+").replace(/_/g, "/")), c => c.charCodeAt(0));
  const [header, claims, signature] = tokens.id_token.split(".");
  const kid = JSON.parse(new TextDecoder().decode(bytes(header))).kid;
  const algorithm = {name: "RSASSA-PKCS1-v1_5", hash: "SHA-256"};
  const key = await crypto.subtle.importKey(
    "jwk", keys.find(key => key.kid === kid), algorithm, false, ["verify"]);
  const message = new TextEncoder().encode(header + "." + claims);
  const good = await crypto.subtle.verify(algorithm.name, key, bytes(signature), message);
  return {good, user, nonce: JSON.parse(new TextDecoder().decode(bytes(claims))).nonce, tokens};
}
"""
"""What a web application does with its code, with nothing but what a browser lets it do."""


def test_a_web_application_logs_its_user_in(browser: Any, tmp_path: Path) -> None:
    """By keyboard alone; the browser holds the form's way back against the page's policy."""
    with (
        served(application()) as editor,
        provider(tmp_path, editor) as (_, url),
        window(browser, java_script_enabled=True) as page,
    ):
        page.goto(url + authorization(redirect_uri=f"{editor}/"))
        assert page.evaluate("document.activeElement.id") == "username"
        page.keyboard.type("alice")
        page.keyboard.press("Tab")
        page.keyboard.type("wonderland")
        page.keyboard.press("Enter")
        page.wait_for_url("**/authorize?**")
        page.get_by_role("heading", name="Allow Editor?").wait_for()
        page.keyboard.press("Tab")
        assert page.evaluate("document.activeElement.value") == "allow"
        page.keyboard.press("Enter")
        page.wait_for_url(f"{editor}/?**")
        brought = parse_qs(urlsplit(page.url).query)
        assert brought["state"] == ["s-t-a-t-e"]
        form = {
            "grant_type": "authorization_code",
            "client_id": "editor",
            "redirect_uri": f"{editor}/",
            "code": brought["code"][0],
            "code_verifier": VERIFIER,
        }
        learnt = page.evaluate(EXCHANGE, [url, form])
    assert learnt["good"] is True
    assert learnt["nonce"] == AUTHORIZATION["nonce"]
    assert (learnt["user"]["sub"], learnt["user"]["name"]) == ("alice", "Alice Ahlgren")
    assert jwt.get_unverified_header(learnt["tokens"]["access_token"])["typ"] == "at+jwt"


def test_a_person_lets_a_device_in_without_scripts(browser: Any, tmp_path: Path) -> None:
    with provider(tmp_path) as (site, url), window(browser) as page:
        device = site.device()
        page.goto(f"{url}/device")
        page.get_by_label("Name").fill("alice")
        page.get_by_label("Password").fill("wonderland")
        page.get_by_role("button", name="Log in").click()
        page.get_by_label("Code").fill(device["user_code"].lower())
        page.keyboard.press("Enter")
        assert page.locator("p.code").inner_text() == device["user_code"]
        page.get_by_role("button", name="Allow").click()
        assert "goes on by itself" in page.get_by_role("status").inner_text()
        assert site.poll(device).status_code == 200


def test_every_button_can_be_reached_and_seen_by_keyboard(browser: Any, tmp_path: Path) -> None:
    with provider(tmp_path) as (_, url), window(browser, java_script_enabled=True) as page:
        _log_in(page, url)
        page.goto(url + authorization(redirect_uri="http://localhost:1/"))
        reached = []
        for _ in range(3):
            page.keyboard.press("Tab")
            reached.append(page.evaluate("document.activeElement.value"))
            assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
        assert reached == ["allow", "deny", "switch"]


PAGES = ["login", "wrong", "consent", "code", "unknown", "confirm", "done", "logout", "left"]
PAGES += ["home", "problem"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", PAGES)
def test_no_page_has_barriers(browser: Any, tmp_path: Path, name: str, scheme: str) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    narrow = {"width": 375, "height": 700}
    context = browser.new_context(color_scheme=scheme, bypass_csp=True, viewport=narrow)
    with provider(tmp_path) as (site, url):
        page = context.new_page()
        show(page, name, site, url)
        found = axe.run(page)
        assert found.violations_count == 0, found.generate_report()
        assert page.evaluate("document.documentElement.scrollWidth") <= 375
        assert page.locator("h1").count() == 1
        assert page.title() == f"{page.locator('h1').inner_text()} – Testing Identity"
    context.close()


def _log_in(page: Any, url: str, password: str = "wonderland") -> None:
    page.goto(f"{url}/device")
    page.get_by_label("Name").fill("alice")
    page.get_by_label("Password").fill(password)
    page.get_by_role("button", name="Log in").click()


def show(page: Any, name: str, site: Site, url: str) -> None:
    """Go where somebody sees that page."""
    ask = url + authorization(redirect_uri="http://localhost:1/")
    if name not in ("login", "problem"):
        _log_in(page, url, "wrong" if name == "wrong" else "wonderland")
    if name in ("login", "consent"):
        page.goto(ask)
    elif name == "problem":
        page.goto(url + authorization(client_id="nobody"))
    elif name == "unknown":
        page.get_by_label("Code").fill("BBBB-BBBB")
        page.get_by_role("button", name="Continue").click()
    elif name in ("confirm", "done"):
        page.goto(f"{url}/device?user_code={site.device()['user_code']}")
    elif name in ("logout", "left"):
        page.goto(f"{url}/logout")
    elif name == "home":
        page.goto(url)
    if name == "done":
        page.get_by_role("button", name="Allow").click()
    if name == "left":
        page.get_by_role("button", name="Log out").click()
