"""The pages for people: who may send their forms, and how often one may be wrong."""

from __future__ import annotations

import logging
from pathlib import Path

import pytest

from tests.web.identity.site import Site, answer, authorization, hidden

PAGES = ["/", "/device", "/logout", authorization(), authorization(client_id="nobody")]


@pytest.mark.parametrize("path", PAGES)
def test_pages_run_no_scripts_and_are_shown_in_no_frame(site: Site, path: str) -> None:
    headers = site.browser().get(path).headers
    policy = headers["Content-Security-Policy"]
    assert policy.startswith(
        "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'"
    )
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert "script" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "no-referrer"
    assert headers["Cache-Control"] == "no-store"


@pytest.mark.parametrize("path", PAGES)
def test_no_other_origin_can_read_a_page(site: Site, path: str) -> None:
    for response in (site.browser().get(path), site.client.options(path)):
        assert "Access-Control-Allow-Origin" not in response.headers


def test_a_form_may_lead_back_to_its_client_and_nowhere_else(site: Site) -> None:
    browser = site.browser()
    browser.log_in(authorization())
    policy = browser.get(authorization()).headers["Content-Security-Policy"]
    assert policy.endswith("form-action 'self' https://editor.example")
    assert browser.get("/device").headers["Content-Security-Policy"].endswith("form-action 'self'")


@pytest.mark.parametrize("path", ["/device", "/logout", authorization()])
@pytest.mark.parametrize("action", ["login", "allow", "continue", "switch", "logout"])
def test_a_form_of_another_site_is_refused(site: Site, path: str, action: str) -> None:
    browser = site.browser()
    browser.log_in("/device")
    fields = {"username": "bob", "password": "builder", "user_code": "ABCD-EFGH"}
    for secret in ("", "guessed", "\u2603"):
        response = browser.client.post(path, data={**fields, "action": action, "csrf": secret})
        if action == "logout" or path != "/logout":
            assert response.status_code == 400, action
            assert "cookie" in response.text or secret == "\u2603"
    assert "Alice Ahlgren" in browser.get("/").text


def test_the_cookie_is_for_this_page_alone(site: Site, tmp_path: Path) -> None:
    cookie = site.browser().get("/device").headers["Set-Cookie"]
    assert cookie.startswith("openeo_identity_8090=")
    assert "HttpOnly" in cookie
    assert "SameSite=Lax" in cookie
    assert "Secure" not in cookie
    safe = Site(tmp_path / "safe", issuer="https://login.example/one")
    cookie = safe.browser().get("/one/device").headers["Set-Cookie"]
    assert "Secure" in cookie
    assert "Path=/one" in cookie


def test_the_form_gets_another_secret_with_the_login(site: Site) -> None:
    browser = site.browser()
    before = hidden(browser.get("/device"))["csrf"]
    browser.log_in("/device")
    assert hidden(browser.get("/device"))["csrf"] != before


@pytest.mark.parametrize(
    ("name", "password"),
    [("alice", "wrong"), ("alice", ""), ("nobody", ""), ("nobody", "x"), ("\u2603", "\u2603")],
)
def test_wrong_passwords_are_told_without_saying_what_is_wrong(
    site: Site, name: str, password: str
) -> None:
    shown = site.browser().log_in(authorization(), name, password)
    assert shown.status_code == 401
    assert "The name or the password is not correct." in shown.text
    assert f'value="{name}"' in shown.text


def test_what_somebody_typed_is_no_html(site: Site) -> None:
    shown = site.browser().log_in(authorization(), '"><script>alert(1)</script>')
    assert "<script>" not in shown.text


def test_nobody_can_guess_passwords(site: Site) -> None:
    browser = site.browser()
    for _ in range(10):
        assert browser.log_in("/device", "alice", "wrong").status_code == 401
    for password in ("wrong", "wonderland"):
        stopped = browser.log_in("/device", "alice", password)
        assert stopped.status_code == 429
        assert stopped.headers["Retry-After"] == "300"
        assert "Try again in 5 minutes." in stopped.text
    assert site.browser().log_in("/device", "bob", "builder").status_code == 303
    site.clock.now += 301
    assert browser.log_in("/device", "alice", "wonderland").status_code == 303


def test_a_name_that_is_too_long_is_nobodys(site: Site) -> None:
    shown = site.browser().log_in("/device", "alice" + "x" * 50_000, "wonderland")
    assert shown.status_code == 401
    assert len(shown.text) < 5_000


def test_nobody_can_guess_names_either(site: Site) -> None:
    browser = site.browser()
    for number in range(50):
        assert browser.log_in("/device", f"user{number}", "x").status_code == 401
    assert browser.log_in("/device", "alice", "wonderland").status_code == 429


def test_a_password_that_is_right_forgives_those_that_were_wrong(site: Site) -> None:
    browser = site.browser()
    for _ in range(3):
        for _ in range(9):
            browser.log_in("/device", "alice", "wrong")
        assert browser.log_in("/device", "alice", "wonderland").status_code == 303
        browser.send("/logout", action="logout")


def test_a_session_ends_after_a_working_day(site: Site) -> None:
    browser = site.browser()
    browser.log_in("/device")
    site.clock.now += 8 * 3600 - 1
    assert "Alice Ahlgren" in browser.get("/").text
    site.clock.now += 1
    assert "Alice Ahlgren" not in browser.get("/").text


def test_whoever_logs_out_is_asked_and_then_out(site: Site) -> None:
    browser = site.browser()
    browser.log_in("/device")
    copied = browser.client.get_cookie("openeo_identity_8090")
    assert copied is not None
    assert "Log out?" in browser.get("/logout").text
    assert "Alice Ahlgren" in browser.get("/").text
    assert "You are logged out" in browser.send("/logout", action="logout").text
    assert "Alice Ahlgren" not in browser.get("/").text
    thief = site.browser()
    thief.client.set_cookie("openeo_identity_8090", copied.value)
    assert "Alice Ahlgren" not in thief.get("/").text


def test_a_client_can_log_its_user_out_and_have_them_back(site: Site) -> None:
    browser = site.browser()
    tokens = site.exchange(site.code(browser)).get_json()
    url = f"/logout?id_token_hint={tokens['id_token']}&client_id=editor"
    back = "&post_logout_redirect_uri=https%3A%2F%2Feditor.example%2F&state=s"
    response = browser.get(url + back)
    assert response.headers["Location"] == "https://editor.example/?state=s"
    assert "Alice Ahlgren" not in browser.get("/").text


def test_nobody_is_sent_elsewhere_by_logging_out(site: Site) -> None:
    browser = site.browser()
    tokens = site.exchange(site.code(browser)).get_json()
    evil = "post_logout_redirect_uri=https%3A%2F%2Fevil.example%2F"
    hinted = browser.get(f"/logout?id_token_hint={tokens['id_token']}&{evil}")
    unhinted = browser.send(f"/logout?client_id=editor&{evil}", action="logout")
    for response in (hinted, unhinted):
        assert "Location" not in response.headers
        assert "You are logged out" in response.text


def test_a_token_of_somebody_else_logs_nobody_out(site: Site) -> None:
    browser, other = site.browser(), site.browser()
    other.log_in(authorization(), "bob", "builder")
    code = answer(other.send(authorization(), action="allow"))["code"]
    hint = site.exchange(code).get_json()["id_token"]
    browser.log_in("/device")
    assert "Log out?" in browser.get(f"/logout?id_token_hint={hint}").text
    assert "Alice Ahlgren" in browser.get("/").text


@pytest.mark.parametrize("query", ["state=%00", "client_id=a&client_id=b", "client_id=%E2%98%83"])
def test_a_logout_that_makes_no_sense_is_a_page(site: Site, query: str) -> None:
    response = site.browser().get(f"/logout?{query}")
    assert response.status_code == 400
    assert "That did not work" in response.text


def test_a_hint_that_cannot_be_read_any_more_is_none(site: Site) -> None:
    assert "Log out?" in site.browser().get("/logout?id_token_hint=x.y.z").text


def test_somebody_who_was_removed_is_no_longer_logged_in(site: Site) -> None:
    browser = site.browser()
    browser.log_in("/device")
    again = Site(site.folder, users={"bob": {"password": "builder"}}).browser()
    cookie = browser.client.get_cookie("openeo_identity_8090")
    assert cookie is not None
    again.client.set_cookie("openeo_identity_8090", cookie.value)
    assert "not logged in" in again.get("/").text


def test_no_secret_gets_into_the_log(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        code = site.code()
        tokens = site.exchange(code).get_json()
        site.exchange(code)
        site.browser().log_in("/device", "alice", "wr0ng")
        site.post("/token", grant_type="client_credentials", client_id="meter", client_secret="no")
        site.client.get("/userinfo", headers={"Authorization": f"Bearer {tokens['id_token']}"})
    for secret in (code, *map(str, tokens.values()), "wonderland", "wr0ng", "metering", "alice"):
        assert len(secret) < 5 or secret not in caplog.text
