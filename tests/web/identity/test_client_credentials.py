"""Service accounts log in with their secrets."""

from __future__ import annotations

import base64

import jwt
import pytest

from tests.fakes.identities import ISSUER
from tests.web.identity.site import Site, error

GRANT = {"grant_type": "client_credentials"}
METER = {"client_id": "meter", "client_secret": "metering"}


def basic(text: str) -> dict[str, str]:
    return {"Authorization": f"Basic {base64.b64encode(text.encode()).decode()}"}


def test_a_secret_gives_an_access_token_of_the_account(site: Site) -> None:
    answer = site.post("/token", **GRANT, **METER, scope="openid")
    assert answer.status_code == 200, answer.text
    assert answer.headers["Cache-Control"] == "no-store"
    body = answer.get_json()
    assert set(body) == {"access_token", "token_type", "expires_in", "scope"}
    assert (body["token_type"], body["expires_in"], body["scope"]) == ("Bearer", 3600, "openid")
    claims = site.claims(body["access_token"])
    assert len(claims.pop("jti")) > 16
    assert claims == {
        "iss": ISSUER,
        "sub": "meter",
        "aud": "openeo",
        "azp": "meter",
        "client_id": "meter",
        "scope": "openid",
        "roles": ["reporter"],
        "iat": 1_700_000_000,
        "exp": 1_700_003_600,
    }
    header = jwt.get_unverified_header(body["access_token"])
    assert (header["alg"], header["typ"]) == ("RS256", "at+jwt")


def test_the_secret_may_stand_in_the_header(site: Site) -> None:
    answer = site.client.post("/token", data=GRANT, headers=basic("meter:metering"))
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("form", "expected"),
    [
        ({**GRANT}, (401, "invalid_client")),
        ({**GRANT, "client_id": "meter"}, (401, "invalid_client")),
        ({**GRANT, **METER, "client_secret": "guess"}, (401, "invalid_client")),
        ({**GRANT, **METER, "client_secret": "gu\u00e9ss"}, (400, "invalid_request")),
        ({**GRANT, **METER, "client_id": "nobody"}, (400, "invalid_client")),
        ({**GRANT, "client_id": "editor"}, (401, "invalid_client")),
        ({**GRANT, "client_id": "portal", "client_secret": "portal-secret"},
         (400, "unauthorized_client")),
        ({**METER}, (400, "unsupported_grant_type")),
        ({**METER, "grant_type": "password"}, (400, "unsupported_grant_type")),
        ({**METER, "grant_type": "\"\\\u2603"}, (400, "invalid_request")),
        ({**GRANT, **METER, "scope": "a\"b"}, (400, "invalid_request")),
        ({**GRANT, **METER, "scope": "x" * 5000}, (400, "invalid_request")),
        ({}, (400, "unsupported_grant_type")),
    ],
)  # fmt: skip
def test_whatever_is_wrong_is_said_as_the_rfc_wants_it(
    site: Site, form: dict[str, str], expected: tuple[int, str]
) -> None:
    assert error(site.post("/token", **form)) == expected


@pytest.mark.parametrize(
    "header", ["Basic", "Basic !!!", "Basic /////w==", "Basic bWV0ZXI=", "Bearer x", "Basic 4pyT"]
)
def test_a_header_that_cannot_be_read_is_refused(site: Site, header: str) -> None:
    answer = site.client.post("/token", data=GRANT, headers={"Authorization": header})
    assert error(answer) == (401, "invalid_client")
    assert answer.headers["WWW-Authenticate"].startswith("Basic")


def test_parameters_stand_in_the_body_and_once(site: Site) -> None:
    assert error(site.client.post("/token?scope=openid", data={**GRANT, **METER})) == (
        400,
        "invalid_request",
    )
    twice = {**GRANT, **METER, "scope": ["openid", "email"]}
    assert error(site.client.post("/token", data=twice)) == (400, "invalid_request")


def test_scopes_that_nobody_knows_are_passed_over(site: Site) -> None:
    body = site.post("/token", **GRANT, **METER, scope="openid everything email").get_json()
    assert body["scope"] == "openid email"


def test_no_refresh_token_is_given_to_whoever_has_a_secret(site: Site) -> None:
    answer = site.post("/token", **GRANT, **METER, scope="openid offline_access")
    assert "refresh_token" not in answer.get_json()
