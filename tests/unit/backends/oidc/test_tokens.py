"""Which access tokens are good, and who may come in with them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from backends.errors import OpenEOError
from backends.oidc.access import Access
from backends.oidc.providers import Oidc, OidcProvider
from tests.fakes.clocks import Clock
from tests.fakes.forging import forge, hmac_with, parts_of, unsigned
from tests.fakes.issuers import ec_key, jwk, rsa_key, signed
from tests.fakes.publishing import ISSUER, Publishing

NOON = 1_767_268_800


@pytest.fixture
def there() -> Publishing:
    return Publishing()


def access(there: Publishing, audience: tuple[str, ...] = (), **changes: Any) -> Access:
    provider = OidcProvider("egi", "EGI", ISSUER, audience=audience)
    return Access(Oidc((provider,), **changes), Clock(), fetch=there)


def refused(door: Access, token: str) -> str:
    with pytest.raises(OpenEOError) as caught:
        enter(door, token)
    assert (caught.value.code, caught.value.status) == ("TokenInvalid", 403)
    assert token not in caught.value.message or not token
    return caught.value.message


def enter(door: Access, token: str) -> str:
    return door.enter(token, "egi").user_id


def test_the_subject_of_a_good_token_is_the_user(there: Publishing) -> None:
    assert enter(access(there), there.token()) == "alice"


def test_a_bare_token_says_whose_it_is(there: Publishing) -> None:
    door = access(there)
    assert door.provider_of(there.token()) == "egi"
    assert door.provider_of(there.token(iss="https://other.example")) is None
    assert door.provider_of("no.token.x") is None


@pytest.mark.parametrize(
    ("claims", "reason"),
    [
        ({"iss": "https://other.example"}, "not of the issuer"),
        ({"iss": None}, "not of the issuer"),
        ({"exp": NOON - 30}, "has expired"),
        ({"exp": None}, "no time in seconds as claim 'exp'"),
        ({"exp": "tomorrow"}, "no time in seconds as claim 'exp'"),
        ({"exp": 1e400}, "no time in seconds as claim 'exp'"),
        ({"exp": True}, "no time in seconds as claim 'exp'"),
        ({"nbf": NOON + 31}, "not valid yet"),
        ({"nbf": "x"}, "no time in seconds as claim 'nbf'"),
        ({"sub": None}, "who its user is"),
        ({"sub": 3}, "who its user is"),
        ({"sub": ""}, "who its user is"),
        ({"sub": "x" * 256}, "who its user is"),
        ({"sub": "a\nb"}, "who its user is"),
    ],
)
def test_a_token_that_does_not_say_what_it_must_is_refused(
    there: Publishing, claims: dict[str, Any], reason: str
) -> None:
    assert reason in refused(access(there), there.token(**claims))


def test_clocks_may_differ_by_half_a_minute(there: Publishing) -> None:
    assert enter(access(there), there.token(exp=NOON - 29)) == "alice"
    assert enter(access(there), there.token(nbf=NOON + 30)) == "alice"


@pytest.mark.parametrize("aud", [None, "other", ["other"], [3, None], {}, "openeo-other"])
def test_a_token_for_another_audience_is_refused(there: Publishing, aud: object) -> None:
    assert "not for this backend" in refused(access(there, ("openeo",)), there.token(aud=aud))
    assert enter(access(there), there.token(aud=aud)) == "alice"


@pytest.mark.parametrize("aud", ["openeo", ["other", "openeo"]])
def test_a_token_for_this_audience_is_taken(there: Publishing, aud: object) -> None:
    assert enter(access(there, ("openeo", "more")), there.token(aud=aud)) == "alice"


def forged(there: Publishing, kind: str) -> str:
    header, claims = parts_of(there.token())
    public = rsa_key(0).public_key()
    pem = public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    published = json.dumps(jwk(rsa_key(0), "k-0")).encode()
    made = {
        "none": lambda: forge({**header, "alg": "none"}, claims, unsigned),
        "None": lambda: forge({**header, "alg": "None"}, claims, unsigned),
        "no algorithm": lambda: forge({"kid": "k-0"}, claims, unsigned),
        "no signature": lambda: forge(header, claims, unsigned),
        "HS256 by the PEM": lambda: forge({**header, "alg": "HS256"}, claims, hmac_with(pem)),
        "HS256 by the JWK": lambda: forge({**header, "alg": "HS256"}, claims, hmac_with(published)),
        "HS256 as RS256": lambda: forge(header, claims, hmac_with(pem)),
        "another key": lambda: signed(claims, rsa_key(1), kid="k-0"),
        "no key named": lambda: signed(claims, rsa_key(1), kid=None),
        "an unknown key": lambda: signed(claims, rsa_key(1), kid="k-9"),
        "a key of its own": lambda: signed(
            claims, rsa_key(1), kid="k-0", jwk=jwk(rsa_key(1)), jku="https://evil.example"
        ),
        "PS256": lambda: signed(claims, rsa_key(0), "PS256", kid="k-0"),
        "RS512": lambda: signed(claims, rsa_key(0), "RS512", kid="k-0"),
        "ES256": lambda: signed(claims, ec_key(0), "ES256", kid="k-0"),
        "an ID token": lambda: signed(claims, rsa_key(0), kid="k-0", typ="id_token+jwt"),
        "critical": lambda: forge({**header, "crit": ["x"], "x": 1}, claims, rsa_sign),
        "claims that are none": lambda: forge(header, [], rsa_sign),  # type: ignore[arg-type]
    }
    return made[kind]()


def rsa_sign(message: bytes) -> bytes:
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.hashes import SHA256

    return rsa_key(0).sign(message, PKCS1v15(), SHA256())


@pytest.mark.parametrize(
    "kind",
    [
        *("none", "None", "no algorithm", "no signature", "HS256 by the PEM", "HS256 by the JWK"),
        *("HS256 as RS256", "another key", "no key named", "an unknown key", "a key of its own"),
        *("PS256", "RS512", "ES256", "an ID token", "critical", "claims that are none"),
    ],
)
def test_a_forged_token_is_refused(there: Publishing, kind: str) -> None:
    door = access(there)
    assert enter(door, there.token()) == "alice"
    refused(door, forged(there, kind))


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "...", "e30.e30.", "\u2603.\u2603.\u2603"])
def test_what_is_no_token_is_refused(there: Publishing, token: str) -> None:
    refused(access(there), token)


def test_a_token_that_names_no_key_is_tried_with_all(there: Publishing) -> None:
    claims = parts_of(there.token())[1]
    there.private = {"k-1": rsa_key(1), "k-0": rsa_key(0)}
    assert enter(access(there), signed(claims, rsa_key(0), kid=None)) == "alice"


def test_users_can_be_told_apart_by_their_provider(there: Publishing) -> None:
    provider = OidcProvider("egi", "EGI", ISSUER, user_prefix="egi:")
    door = Access(Oidc((provider,)), Clock(), fetch=there)
    assert enter(door, there.token()) == "egi:alice"


@pytest.mark.parametrize("held", [["urn:x:members"], "urn:x:members", ["y", "urn:x:staff"]])
def test_whoever_has_one_of_the_entitlements_comes_in(there: Publishing, held: object) -> None:
    door = access(there, required_entitlements=("urn:x:members", "urn:*:staff"))
    assert enter(door, there.token(eduperson_entitlement=held)) == "alice"


@pytest.mark.parametrize("held", [[], ["urn:x:guests"], "urn:x:members2", [3, None], {"urn": 1}])
def test_whoever_has_none_is_told_what_is_needed(there: Publishing, held: object) -> None:
    door = access(there, required_entitlements=("urn:x:members", "urn:*:staff"))
    with pytest.raises(OpenEOError) as caught:
        enter(door, there.token(eduperson_entitlement=held))
    assert (caught.value.code, caught.value.status) == ("PermissionsInsufficient", 403)
    assert "urn:x:members, urn:*:staff" in caught.value.message


def test_entitlements_that_are_not_in_the_token_are_asked_for(there: Publishing) -> None:
    door = access(there, required_entitlements=("urn:x:members",))
    token = there.token()
    there.users[token] = {"sub": "alice", "eduperson_entitlement": ["urn:x:members"]}
    assert enter(door, token) == "alice"
    there.users[there.token(jti="2")] = {"sub": "bob", "eduperson_entitlement": ["urn:x:members"]}
    with pytest.raises(OpenEOError, match="PermissionsInsufficient"):
        enter(door, there.token(jti="2"))


def test_if_they_cannot_be_asked_for_nobody_comes_in(there: Publishing) -> None:
    door = access(there, required_entitlements=("urn:x:members",))
    assert enter(door, there.token(eduperson_entitlement=["urn:x:members"])) == "alice"
    there.away = True
    with pytest.raises(OpenEOError) as caught:
        enter(door, there.token())
    assert caught.value.code == "IdentityProviderUnavailable"


def test_a_user_has_the_name_that_the_provider_gives(there: Publishing) -> None:
    door = access(there)

    def name(token: str) -> str:
        return door.name_of(door.enter(token, "egi"))

    assert name(there.token(name="Alice Ahlgren")) == "Alice Ahlgren"
    assert name(there.token(preferred_username="ali")) == "ali"
    slim = there.token(jti="slim")
    there.users[slim] = {"sub": "alice", "name": "Alice of userinfo"}
    assert name(slim) == "Alice of userinfo"
    assert name(there.token(jti="unknown")) == "alice"
    there.away = True
    assert name(there.token(jti="away")) == "alice"
