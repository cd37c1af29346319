"""Who may act for the federation."""

from __future__ import annotations

import hashlib

import pytest

from aggregator.errors import OpenEOError, PermissionsInsufficient, TokenInvalid
from aggregator.identity.claims import Claims
from aggregator.settings import Availability, Settings
from aggregator.usecases.accounts import Access
from aggregator.usecases.operators import Operators

ROLE = "urn:mace:federation.example:group:operators:role=operator"
TOKEN = "a-token-of-operations"
DIGEST = hashlib.sha256(TOKEN.encode()).hexdigest()
GOOD = "Bearer oidc/egi/good"


def operators(claims: Claims | None, *, trusts_issuers: bool = True) -> Operators:
    """The operators of a federation in which one token is known."""
    settings = Settings(
        backends=(),
        operators=("urn:mace:federation.example:group:operators:*",),
        availability=Availability(operator_tokens=(DIGEST,)),
    )

    def access_of(authorization: str | None) -> Access:
        if authorization != GOOD:
            raise TokenInvalid()
        return Access("olga", {}, claims=claims)

    return Operators(settings, access_of, lambda: trusts_issuers)


def claims(*entitlements: str, subscriptions: tuple[str, ...] = ()) -> Claims:
    return Claims("https://issuer.test", "olga", 2e9, "", "", entitlements, subscriptions)


def test_an_entitlement_or_subscription_makes_an_operator() -> None:
    assert operators(claims(ROLE)).name_of(GOOD) == "olga"
    assert operators(claims(subscriptions=(ROLE,))).name_of(GOOD) == "olga"


@pytest.mark.parametrize(
    "said", [None, claims(), claims("urn:mace:federation.example:group:members")]
)
def test_everybody_else_is_none(said: Claims | None) -> None:
    with pytest.raises(PermissionsInsufficient):
        operators(said).name_of(GOOD)


def test_an_issuer_that_nobody_trusts_makes_no_operators() -> None:
    with pytest.raises(PermissionsInsufficient):
        operators(claims(ROLE), trusts_issuers=False).name_of(GOOD)


def test_a_program_has_a_token_of_its_own_and_a_name_that_gives_nothing_away() -> None:
    found = operators(None).name_of(f"Bearer {TOKEN}")
    assert found == f"token {DIGEST[:8]}"


@pytest.mark.parametrize("sent", [None, "", "Bearer", f"Basic {TOKEN}", f"Bearer {DIGEST}", TOKEN])
def test_nothing_else_is_taken(sent: str | None) -> None:
    with pytest.raises(OpenEOError):
        operators(claims(ROLE)).name_of(sent)
