"""Backends and their provider of identities say the same of each other, or check-config tells."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml

from aggregator.settings import Identity
from backends.oidc.providers import DefaultClient, Oidc, OidcProvider
from scripts.federation.agreement import disagreements, mistrust
from scripts.federation.checking import mistakes_in
from tests.fakes.identities import ISSUER, identity_document, identity_settings
from tests.fakes.profiles import profile

DEVICE = "urn:ietf:params:oauth:grant-type:device_code+pkce"


def told(**changes: Any) -> list[str]:
    client = DefaultClient(
        changes.pop("client", "editor"),
        changes.pop("grants", ("authorization_code+pkce", DEVICE, "refresh_token")),
        changes.pop("urls", ("https://editor.example/", "http://localhost:8080/callback")),
    )
    provider = OidcProvider("egi", "EGI", changes.pop("issuer", ISSUER), **changes)
    known = Oidc((OidcProvider(**{**vars(provider), "default_clients": (client,)}),))
    return list(disagreements(profile(oidc=known), identity_settings()))


def test_what_fits_is_no_mistake() -> None:
    assert told() == []
    assert told(audience=("other", "openeo")) == []
    assert told(issuer="https://elsewhere.example", client="unknown") == []


def test_a_client_that_the_provider_does_not_know_is_named() -> None:
    assert told(client="everybody") == [
        "oidc.providers[0].default_clients[0].id: the provider has no client 'everybody'"
    ]
    assert told(client="portal", grants=("refresh_token",), urls=()) == [
        "oidc.providers[0].default_clients[0].id: the client 'portal' of the provider has a secret"
    ]


def test_what_the_client_cannot_do_is_named() -> None:
    assert told(grants=("implicit",), urls=("https://evil.example/",), audience=("x",)) == [
        "oidc.providers[0].audience: the provider's tokens are for 'openeo'",
        "oidc.providers[0].default_clients[0].grant_types: the provider does not grant "
        "'implicit' to 'editor'",
        "oidc.providers[0].default_clients[0].redirect_urls: the provider does not send users of "
        "'editor' to https://evil.example/",
    ]


def test_a_federation_that_refuses_its_own_provider_is_told() -> None:
    refusing = Identity(trusted_issuers=("https://elsewhere.example",), audience=("other",))
    assert list(mistrust(refusing, identity_settings())) == [
        f"identity.trusted_issuers: lacks the simulated provider, {ISSUER}",
        "identity.audience: the provider's tokens are for 'openeo'",
    ]
    assert not list(mistrust(Identity(), identity_settings()))
    trusting = Identity(trusted_issuers=(f"{ISSUER}/",), audience=("other", "openeo"))
    assert not list(mistrust(trusting, identity_settings()))


def test_it_is_among_the_mistakes_of_the_configuration(tmp_path: Path) -> None:
    (tmp_path / "identity.yaml").write_text(yaml.safe_dump(identity_document()))
    file = tmp_path / "federation.yaml"
    members = "backends: {a: {url: 'https://a.example'}}\n"
    file.write_text(members + "identity: {simulated: identity.yaml, audience: [other]}\n")
    assert mistakes_in(file) == [
        f"{file}: identity.audience: the provider's tokens are for 'openeo'"
    ]
