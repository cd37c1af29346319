"""Programs without a browser get in by a code that their user types (RFC 8628)."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.web.identity.site import CHALLENGE, VERIFIER, Site, error


def allow(site: Site, code: str, action: str = "allow") -> str:
    """Alice follows the link, logs in, and decides; the page that she sees then."""
    browser = site.browser()
    url = f"/device?user_code={code}"
    browser.log_in(url)
    return browser.send(url, action=action).text


def test_a_device_is_told_where_its_user_has_to_go(site: Site) -> None:
    device = site.device()
    assert device["verification_uri"] == "http://127.0.0.1:8090/device"
    assert device["verification_uri_complete"].endswith(f"/device?user_code={device['user_code']}")
    assert (device["expires_in"], device["interval"]) == (600, 5)
    assert len(device["user_code"]) == 9


def test_a_device_waits_until_its_user_has_agreed(site: Site) -> None:
    device = site.device()
    assert error(site.poll(device)) == (400, "authorization_pending")
    assert "Your program is in" in allow(site, device["user_code"])
    tokens = site.poll(device).get_json()
    assert site.claims(tokens["id_token"])["sub"] == "alice"
    assert tokens["refresh_token"]
    assert error(site.poll(device)) == (400, "invalid_grant")


def test_a_user_can_deny(site: Site) -> None:
    device = site.device()
    assert "stays out" in allow(site, device["user_code"], "deny")
    assert error(site.poll(device)) == (400, "access_denied")


def test_the_code_can_be_typed_in_any_way(site: Site) -> None:
    device = site.device()
    browser = site.browser()
    browser.log_in("/device")
    typed = device["user_code"].replace("-", " ").lower()
    shown = browser.send("/device", action="continue", user_code=f" {typed}")
    assert device["user_code"] in shown.text
    assert "Allow Editor?" in shown.text
    browser.send("/device", action="allow", user_code=typed)
    assert site.poll(device).status_code == 200


def test_a_device_that_asks_too_often_has_to_slow_down(site: Site) -> None:
    device = site.device()
    assert error(site.poll(device)) == (400, "authorization_pending")
    site.clock.now += 4
    assert error(site.poll(device)) == (400, "slow_down")
    site.clock.now += 9
    assert error(site.poll(device)) == (400, "slow_down")
    site.clock.now += 15
    assert error(site.poll(device)) == (400, "authorization_pending")


def test_a_code_expires(site: Site) -> None:
    device = site.device()
    site.clock.now += 601
    assert error(site.poll(device)) == (400, "expired_token")
    assert "no such code" in allow(site, device["user_code"])


def test_a_code_serves_the_device_that_it_was_given_to(site: Site) -> None:
    device = site.device()
    allow(site, device["user_code"])
    other = site.poll(device, client_id="portal", client_secret="portal-secret")
    assert error(other) == (400, "unauthorized_client")
    assert error(site.poll({"device_code": "guessed"})) == (400, "invalid_grant")
    assert site.poll(device).status_code == 200


def test_a_device_can_prove_that_it_began_the_login(site: Site) -> None:
    device = site.device(code_challenge=CHALLENGE, code_challenge_method="S256")
    allow(site, device["user_code"])
    assert error(site.poll(device)) == (400, "invalid_grant")
    wrong = site.poll(device, code_verifier=VERIFIER.upper())
    assert error(wrong) == (400, "invalid_grant")
    assert site.poll(device, code_verifier=VERIFIER).status_code == 200
    unproven = site.device()
    assert error(site.poll(unproven, code_verifier=VERIFIER)) == (400, "invalid_request")


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ({"client_id": "nobody"}, (400, "invalid_client")),
        ({"client_id": "meter", "client_secret": "metering"}, (400, "unauthorized_client")),
        ({"client_id": "meter"}, (401, "invalid_client")),
        ({"code_challenge": CHALLENGE}, (400, "invalid_request")),
        ({"code_challenge": CHALLENGE, "code_challenge_method": "plain"}, (400, "invalid_request")),
        ({"code_challenge": "x", "code_challenge_method": "S256"}, (400, "invalid_request")),
        ({"scope": "\u2603"}, (400, "invalid_request")),
    ],
)
def test_what_a_device_does_wrong_is_told_to_it(
    site: Site, form: dict[str, str], expected: tuple[int, str]
) -> None:
    assert error(site.post("/device_authorization", **{"client_id": "editor", **form})) == expected


def test_nobody_can_guess_codes(site: Site) -> None:
    browser = site.browser()
    browser.log_in("/device")
    device = site.device()
    for _ in range(10):
        shown = browser.send("/device", action="continue", user_code="BBBB-BBBB")
        assert (shown.status_code, "no such code" in shown.text) == (400, True)
    for code in ("BBBB-BBBB", device["user_code"]):
        stopped = browser.send("/device", action="continue", user_code=code)
        assert stopped.status_code == 429
        assert int(stopped.headers["Retry-After"]) == 300
    site.clock.now += 301
    assert browser.send("/device", action="continue", user_code="BBBB-BBBB").status_code == 400


def test_a_code_cannot_be_decided_twice(site: Site) -> None:
    device = site.device()
    allow(site, device["user_code"])
    assert "no such code" in allow(site, device["user_code"], "deny")
    assert site.poll(device).status_code == 200


def test_a_login_that_waits_survives_a_restart(site: Site, tmp_path: Path) -> None:
    device = site.device()
    allow(site, device["user_code"])
    assert Site(site.folder).poll(device).status_code == 200


def test_whoever_is_asked_sees_what_is_wanted(site: Site) -> None:
    device = site.device(scope="openid email")
    url = f"/device?user_code={device['user_code']}"
    browser = site.browser()
    browser.log_in(url)
    shown = browser.get(url).text
    assert "see your e-mail address" in shown
    assert "see your name" not in shown
    assert "without asking you again" not in shown
    assert "If you did not start it yourself, deny" in shown
