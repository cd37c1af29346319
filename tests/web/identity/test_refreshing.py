"""Refresh tokens: kept by clients, good for new access tokens until they end."""

from __future__ import annotations

from pathlib import Path

import pytest
from werkzeug.test import TestResponse

from tests.web.identity.site import Site, error


def refresh(site: Site, token: str, **more: str) -> TestResponse:
    form = {"grant_type": "refresh_token", "client_id": "editor", "refresh_token": token}
    return site.post("/token", **{**form, **more})


def test_a_refresh_token_is_good_for_many_access_tokens(site: Site) -> None:
    token = site.tokens()["refresh_token"]
    site.clock.now += 29 * 24 * 3600
    first, second = refresh(site, token).get_json(), refresh(site, token).get_json()
    assert "refresh_token" not in first
    assert first["access_token"] != second["access_token"]
    claims = site.claims(first["id_token"])
    assert (claims["sub"], claims["auth_time"]) == ("alice", 1_700_000_000)
    assert claims["exp"] == site.clock.now + 3600
    assert "nonce" not in claims


def test_it_survives_a_restart_of_the_provider(site: Site) -> None:
    token = site.tokens()["refresh_token"]
    assert refresh(Site(site.folder), token).status_code == 200


def test_it_ends(site: Site) -> None:
    token = site.tokens()["refresh_token"]
    site.clock.now += 30 * 24 * 3600 + 1
    assert error(refresh(site, token)) == (400, "invalid_grant")


def test_less_can_be_asked_for_but_not_more(site: Site) -> None:
    token = site.tokens()["refresh_token"]
    narrow = refresh(site, token, scope="openid").get_json()
    assert narrow["scope"] == "openid"
    assert "name" not in site.claims(narrow["id_token"])
    limited = site.exchange(site.code(scope="openid offline_access")).get_json()["refresh_token"]
    assert error(refresh(site, limited, scope="openid email")) == (400, "invalid_scope")


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"refresh_token": "guessed"}, (400, "invalid_grant")),
        ({"refresh_token": ""}, (400, "invalid_grant")),
        ({"client_id": "portal", "client_secret": "portal-secret"}, (400, "invalid_grant")),
        ({"client_id": "meter", "client_secret": "metering"}, (400, "unauthorized_client")),
        ({"client_id": "nobody"}, (400, "invalid_client")),
    ],
)
def test_it_serves_the_client_that_it_was_given_to(
    site: Site, changes: dict[str, str], expected: tuple[int, str]
) -> None:
    token = site.tokens()["refresh_token"]
    assert error(refresh(site, token, **changes)) == expected


def test_that_of_somebody_who_was_removed_is_refused(site: Site) -> None:
    token = site.tokens()["refresh_token"]
    again = Site(site.folder, users={"bob": {"password": "builder"}})
    assert error(refresh(again, token)) == (400, "invalid_grant")


def test_where_they_are_rotated_each_is_good_for_one_use(tmp_path: Path) -> None:
    site = Site(tmp_path, rotate_refresh_tokens=True)
    first = site.tokens()["refresh_token"]
    second = refresh(site, first, scope="openid").get_json()["refresh_token"]
    third = refresh(site, second).get_json()
    assert third["scope"] == "openid profile email offline_access"
    assert error(refresh(site, first)) == (400, "invalid_grant")
    assert error(refresh(site, third["refresh_token"])) == (400, "invalid_grant")


def test_one_can_be_revoked(site: Site) -> None:
    tokens = site.tokens()
    ended = site.post("/revoke", client_id="editor", token=tokens["refresh_token"])
    assert ended.status_code == 200
    assert error(refresh(site, tokens["refresh_token"])) == (400, "invalid_grant")
    bearer = {"Authorization": f"Bearer {tokens['access_token']}"}
    assert error(site.client.get("/userinfo", headers=bearer)) == (401, "invalid_token")


def test_others_cannot_revoke_it(site: Site) -> None:
    token = site.tokens()["refresh_token"]
    form = {"client_id": "portal", "client_secret": "portal-secret", "token": token}
    assert error(site.post("/revoke", **form)) == (400, "invalid_grant")
    assert refresh(site, token).status_code == 200
    assert site.post("/revoke", client_id="editor", token="unknown").status_code == 200
    assert error(site.post("/revoke", client_id="editor")) == (400, "invalid_request")
