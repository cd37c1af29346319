"""What access tokens are worth at the provider itself: userinfo and introspection."""

from __future__ import annotations

from typing import Any

import jwt
import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from werkzeug.test import TestResponse

from tests.fakes.forging import forge, hmac_with, parts_of, unsigned
from tests.web.identity.site import Site, error

METER = {"client_id": "meter", "client_secret": "metering"}


def userinfo(site: Site, token: str) -> TestResponse:
    return site.client.get("/userinfo", headers={"Authorization": f"Bearer {token}"})


def test_the_bearer_learns_who_the_user_is(site: Site) -> None:
    response = userinfo(site, site.tokens()["access_token"])
    assert response.headers["Access-Control-Allow-Origin"] == "*"
    assert response.get_json() == {
        "sub": "alice",
        "name": "Alice Ahlgren",
        "preferred_username": "alice",
        "email": "alice@users.example",
        "email_verified": True,
        "eduperson_entitlement": ["urn:example:group:members"],
        "subscriptions": ["general"],
    }


def test_it_may_be_asked_with_post_as_well(site: Site) -> None:
    bearer = {"Authorization": f"Bearer {site.tokens()['access_token']}"}
    assert site.client.post("/userinfo", headers=bearer).get_json()["sub"] == "alice"


def test_a_service_account_learns_who_it_is(site: Site) -> None:
    body = site.post("/token", grant_type="client_credentials", **METER, scope="openid profile")
    answer = userinfo(site, body.get_json()["access_token"]).get_json()
    assert answer["sub"] == "meter"
    assert answer["roles"] == ["reporter"]


def test_whoever_did_not_ask_for_openid_learns_nothing(site: Site) -> None:
    token = site.exchange(site.code(scope="profile")).get_json()["access_token"]
    assert error(userinfo(site, token)) == (403, "insufficient_scope")


@pytest.mark.parametrize("header", [None, "Bearer", "Bearer x", "Basic YTpi", "Bearer a.b.c", "x"])
def test_what_is_no_token_is_refused(site: Site, header: str | None) -> None:
    headers = {"Authorization": header} if header else {}
    response = site.client.get("/userinfo", headers=headers)
    assert response.status_code == 401
    assert response.headers["WWW-Authenticate"].lower().startswith("bearer")


def forged(site: Site, kind: str) -> str:
    """A token that the provider has not issued for this."""
    tokens = site.tokens()
    if kind == "id token":
        return str(tokens["id_token"])
    header, claims = parts_of(tokens["access_token"])
    public = jwt.PyJWK(site.client.get("/jwks").get_json()["keys"][0]).key
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    own = rsa.generate_private_key(65537, 2048)
    made = {
        "none": lambda: forge({**header, "alg": "none"}, claims, unsigned),
        "public key as secret": lambda: forge({**header, "alg": "HS256"}, claims, hmac_with(pem)),
        "another key": lambda: jwt.encode(claims, own, "RS256", headers=header),
        "unknown key": lambda: jwt.encode(claims, own, "RS256", headers={**header, "kid": "x"}),
        "key of its own": lambda: jwt.encode(
            claims, own, "RS256", headers={**header, "jwk": {"kty": "RSA"}, "jku": "http://x/"}
        ),
        "changed": lambda: changed(tokens["access_token"], {**claims, "sub": "bob"}),
    }
    return made[kind]()


def changed(token: str, claims: dict[str, Any]) -> str:
    header, _, signature = token.split(".")
    return f"{header}.{forge({}, claims, unsigned).split('.')[1]}.{signature}"


@pytest.mark.parametrize(
    "kind",
    [
        *("id token", "none", "public key as secret", "another key", "unknown key", "changed"),
        "key of its own",
    ],
)
def test_a_token_that_was_not_issued_for_this_is_refused(site: Site, kind: str) -> None:
    assert error(userinfo(site, forged(site, kind))) == (401, "invalid_token")


def test_a_token_ends(site: Site) -> None:
    token = site.tokens()["access_token"]
    site.clock.now += 3599
    assert userinfo(site, token).status_code == 200
    site.clock.now += 2
    assert error(userinfo(site, token)) == (401, "invalid_token")


def test_the_token_of_somebody_who_was_removed_is_refused(site: Site) -> None:
    token = site.tokens()["access_token"]
    again = Site(site.folder, users={"bob": {"password": "builder"}})
    assert error(userinfo(again, token)) == (401, "invalid_token")


def test_a_key_that_was_replaced_is_good_until_its_tokens_end(site: Site) -> None:
    token = site.tokens()["access_token"]
    site.provider.keys.rotate()
    site.provider.keys.rotate()
    assert userinfo(site, token).status_code == 200
    assert userinfo(site, site.tokens()["access_token"]).status_code == 200


def test_clients_with_a_secret_learn_what_a_token_is_worth(site: Site) -> None:
    token = site.tokens()["access_token"]
    said = site.post("/introspect", **METER, token=token).get_json()
    assert said["active"] is True
    assert (said["username"], said["sub"], said["client_id"]) == ("alice", "alice", "editor")
    ended = site.post("/revoke", client_id="editor", token=token)
    assert ended.status_code == 200
    for worthless in (token, "x"):
        answer = site.post("/introspect", **METER, token=worthless)
        assert answer.get_json() == {"active": False}


def test_nobody_else_does(site: Site) -> None:
    token = site.tokens()["access_token"]
    public = site.post("/introspect", client_id="editor", token=token)
    assert error(public) == (401, "invalid_client")
