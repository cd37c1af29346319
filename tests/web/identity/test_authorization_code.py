"""A browser logs in, its user agrees, and the client gets tokens."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from tests.fakes.identities import ISSUER
from tests.web.identity.site import (
    AUTHORIZATION,
    VERIFIER,
    Site,
    answer,
    authorization,
    error,
)


def test_the_client_learns_who_agreed(site: Site) -> None:
    browser = site.browser()
    assert browser.log_in(authorization()).status_code == 303
    brought = answer(browser.send(authorization(), action="allow"))
    assert set(brought) == {"code", "state", "iss"}
    assert (brought["state"], brought["iss"]) == ("s-t-a-t-e", ISSUER)
    tokens = site.exchange(brought["code"]).get_json()
    assert set(tokens) == {
        *("access_token", "expires_in", "id_token", "refresh_token", "scope", "token_type"),
    }
    claims = site.claims(tokens["id_token"])
    half = hashlib.sha256(tokens["access_token"].encode()).digest()[:16]
    assert claims.pop("at_hash") == base64.urlsafe_b64encode(half).decode().strip("=")
    assert claims.pop("sid") == site.claims(tokens["access_token"])["sid"]
    assert claims == {
        "iss": ISSUER,
        "aud": "editor",
        "azp": "editor",
        "sub": "alice",
        "nonce": "n-o-n-c-e",
        "iat": 1_700_000_000,
        "exp": 1_700_003_600,
        "auth_time": 1_700_000_000,
        "amr": ["pwd"],
        "name": "Alice Ahlgren",
        "preferred_username": "alice",
        "email": "alice@users.example",
        "email_verified": True,
        "eduperson_entitlement": ["urn:example:group:members"],
        "subscriptions": ["general"],
    }


def test_an_access_token_says_what_resource_servers_decide_by_and_no_name(site: Site) -> None:
    claims = site.claims(site.tokens()["access_token"])
    assert (claims["sub"], claims["aud"], claims["azp"]) == ("alice", "openeo", "editor")
    assert claims["eduperson_entitlement"] == ["urn:example:group:members"]
    assert claims["scope"] == AUTHORIZATION["scope"]
    assert not {"name", "email", "preferred_username", "nonce"} & claims.keys()


def test_only_what_was_asked_for_is_said(site: Site) -> None:
    tokens = site.exchange(site.code(scope="openid")).get_json()
    assert "refresh_token" not in tokens
    assert not {"name", "email"} & site.claims(tokens["id_token"]).keys()


def test_without_openid_there_is_no_id_token(site: Site) -> None:
    assert "id_token" not in site.exchange(site.code(scope="profile")).get_json()


def test_a_client_with_a_secret_needs_no_pkce_but_its_secret(site: Site) -> None:
    url = "https://portal.example/back?from=login"
    pkce = {"code_challenge": "", "code_challenge_method": ""}
    form = {"client_id": "portal", "redirect_uri": url}
    brought = answer_of(site, **form, **pkce)
    assert brought["from"] == "login"
    unproven = {"grant_type": "authorization_code", "code": brought["code"], **form}
    assert error(site.post("/token", **unproven)) == (401, "invalid_client")
    proven = site.post("/token", **unproven, client_secret="portal-secret")
    assert proven.status_code == 200


def answer_of(site: Site, **changes: str) -> dict[str, str]:
    """What a browser brings back to the client once alice has agreed."""
    browser = site.browser()
    browser.log_in(authorization(**changes))
    return answer(browser.send(authorization(**changes), action="allow"))


def test_a_program_is_answered_at_whatever_port_it_listens(site: Site) -> None:
    url = "http://localhost:40123/callback"
    code = site.code(redirect_uri=url)
    assert site.exchange(code, redirect_uri=url).status_code == 200


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"code_verifier": "another-verifier-that-the-client-does-not-know-1"}, "invalid_grant"),
        ({"code_verifier": "short"}, "invalid_request"),
        ({"code_verifier": ""}, "invalid_request"),
        ({"redirect_uri": "http://localhost:1/callback"}, "invalid_grant"),
        ({"code": "guessed"}, "invalid_grant"),
        ({"code": ""}, "invalid_grant"),
        ({"client_id": "nobody"}, "invalid_client"),
        ({"client_id": "portal", "client_secret": "portal-secret"}, "invalid_grant"),
    ],
)
def test_a_code_serves_only_the_client_that_began_the_login(
    site: Site, changes: dict[str, str], expected: str
) -> None:
    code = site.code()
    assert error(site.exchange(**{"code": code, **changes})) == (400, expected)


def test_a_stolen_code_is_worth_nothing_after_a_wrong_guess(site: Site) -> None:
    code = site.code()
    wrong = "another-verifier-that-the-client-does-not-know-1"
    assert error(site.exchange(code, code_verifier=wrong)) == (400, "invalid_grant")
    assert error(site.exchange(code)) == (400, "invalid_grant")


def test_a_code_used_twice_ends_the_login_that_it_began(site: Site) -> None:
    code = site.code()
    tokens = site.exchange(code).get_json()
    assert error(site.exchange(code)) == (400, "invalid_grant")
    refreshed = site.post(
        "/token",
        grant_type="refresh_token",
        client_id="editor",
        refresh_token=tokens["refresh_token"],
    )
    assert error(refreshed) == (400, "invalid_grant")
    bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
    assert error(site.client.get("/userinfo", headers=bearer)) == (401, "invalid_token")


def test_a_code_lasts_a_minute(site: Site) -> None:
    late, soon = site.code(), site.code()
    site.clock.now += 59
    assert site.exchange(soon).status_code == 200
    site.clock.now += 2
    assert error(site.exchange(late)) == (400, "invalid_grant")


def test_a_code_of_somebody_who_was_removed_is_refused(site: Site) -> None:
    code = site.code()
    again = Site(site.folder, users={"bob": {"password": "builder"}})
    assert error(again.exchange(code)) == (400, "invalid_grant")


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"code_challenge": "", "code_challenge_method": ""}, "invalid_request"),
        ({"code_challenge_method": "plain"}, "invalid_request"),
        ({"code_challenge_method": ""}, "invalid_request"),
        ({"code_challenge": ""}, "invalid_request"),
        ({"code_challenge": "short"}, "invalid_request"),
        ({"response_type": "token"}, "unsupported_response_type"),
        ({"response_type": "code id_token"}, "unsupported_response_type"),
        ({"response_mode": "fragment"}, "invalid_request"),
        ({"request": "a.b.c"}, "request_not_supported"),
        ({"request_uri": "https://editor.example/r"}, "request_uri_not_supported"),
        ({"prompt": "none"}, "login_required"),
    ],
)
def test_what_a_client_does_wrong_is_told_to_the_client(
    site: Site, changes: dict[str, str], expected: str
) -> None:
    brought = answer(site.browser().get(authorization(**changes)))
    assert (brought["error"], brought["state"], brought["iss"]) == (expected, "s-t-a-t-e", ISSUER)


@pytest.mark.parametrize(
    "changes",
    [
        {"client_id": ""},
        {"client_id": "nobody"},
        {"client_id": "meter"},
        {"client_id": "n\u00f6body"},
        {"redirect_uri": ""},
        {"redirect_uri": "https://evil.example/"},
        {"redirect_uri": "https://editor.example/../evil"},
        {"redirect_uri": "https://editor.example\u2603/"},
        {"redirect_uri": 'https://editor.example/"onload='},
        {"redirect_uri": "javascript:alert(1)"},
        {"response_type": '"\\'},
        {"state": "\r\nSet-Cookie: a=b"},
        {"scope": "open\u00efd"},
    ],
)
def test_nobody_is_sent_where_no_client_wants_them(site: Site, changes: dict[str, str]) -> None:
    response = site.browser().get(authorization(**changes))
    assert response.status_code == 400
    assert "Location" not in response.headers
    assert "That did not work" in response.text
    assert '"onload=' not in response.text


@pytest.mark.parametrize("name", ["client_id", "redirect_uri", "state", "nonce", "code_challenge"])
def test_what_stands_there_twice_is_refused(site: Site, name: str) -> None:
    response = site.browser().get(f"{authorization()}&{name}=https%3A%2F%2Fevil.example%2F")
    assert response.status_code == 400
    assert "more than once" in response.text


def test_whoever_denies_is_left_alone(site: Site) -> None:
    browser = site.browser()
    browser.log_in(authorization())
    brought = answer(browser.send(authorization(), action="deny"))
    assert (brought["error"], brought["state"]) == ("access_denied", "s-t-a-t-e")
    assert "code" not in brought


def test_whoever_is_logged_in_is_only_asked_for_consent(site: Site) -> None:
    browser = site.browser()
    browser.log_in(authorization())
    assert "Allow Editor?" in browser.get(authorization()).text
    again = answer(browser.get(authorization(prompt="none")))
    assert again["error"] == "consent_required"


def test_a_client_can_have_its_user_log_in_again(site: Site) -> None:
    browser = site.browser()
    browser.log_in(authorization())
    assert "Log in" in browser.get(authorization(prompt="login")).text
    site.clock.now += 100
    assert "Log in" in browser.get(authorization(max_age="99")).text
    assert "Allow Editor?" in browser.get(authorization(max_age="100")).text
    onward = browser.log_in(authorization(prompt="login", max_age="99")).headers["Location"]
    assert parse_qs(urlsplit(onward).query).keys() == AUTHORIZATION.keys()
    assert "Allow Editor?" in browser.get(onward).text


def test_somebody_else_can_log_in_instead(site: Site) -> None:
    browser = site.browser()
    browser.log_in(authorization())
    browser.send(authorization(), action="switch")
    browser.log_in(authorization(), "bob", "builder")
    tokens = site.exchange(answer(browser.send(authorization(), action="allow"))["code"]).get_json()
    assert site.claims(tokens["id_token"])["sub"] == "sub-of-bob"


def test_a_client_may_send_its_request_as_a_form(site: Site) -> None:
    response = site.browser().client.post("/authorize", data=AUTHORIZATION)
    assert response.status_code == 303
    assert "Log in" in site.browser().get(response.headers["Location"]).text


def test_a_form_cannot_change_what_was_agreed_to(site: Site) -> None:
    browser = site.browser()
    browser.log_in(authorization(scope="openid"))
    sent: dict[str, Any] = {"scope": "openid email", "client_id": "portal"}
    response = browser.send(authorization(scope="openid"), action="allow", **sent)
    assert response.status_code == 400
    assert "Location" not in response.headers


def test_codes_are_not_kept_as_they_are(site: Site, tmp_path: Path) -> None:
    code = site.code()
    tokens = site.exchange(site.code()).get_json()
    kept = b"".join(path.read_bytes() for path in site.folder.iterdir() if path.is_file())
    for secret in (code, tokens["refresh_token"], tokens["access_token"], VERIFIER):
        assert secret.encode() not in kept
