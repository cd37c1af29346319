"""Whether the federation and its simulated backends fit the simulated provider of identities."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from aggregator.settings import Identity
    from backends.identity.settings import Settings
    from backends.oidc.providers import DefaultClient
    from backends.profile import Profile

PKCE = "+pkce"


def mistrust(federation: Identity, provider: Settings) -> Iterator[str]:
    """Why the federation would refuse the tokens of its own provider, as `key path: why`."""
    trusted = [issuer.rstrip("/") for issuer in federation.trusted_issuers]
    if trusted and provider.issuer not in trusted:
        yield f"identity.trusted_issuers: lacks the simulated provider, {provider.issuer}"
    if federation.audience and provider.audience not in federation.audience:
        yield f"identity.audience: the provider's tokens are for {provider.audience!r}"


def disagreements(profile: Profile, identity: Settings) -> Iterator[str]:
    """What a profile says of the provider that is not so, as `key path: what is wrong`."""
    for number, provider in enumerate(profile.oidc.providers):
        where = f"oidc.providers[{number}]"
        if provider.issuer != identity.issuer:
            continue
        if provider.audience and identity.audience not in provider.audience:
            yield f"{where}.audience: the provider's tokens are for {identity.audience!r}"
        for place, client in enumerate(provider.default_clients):
            for mistake in _unregistered(client, identity):
                yield f"{where}.default_clients[{place}].{mistake}"


def taken_twice(profiles: Sequence[tuple[str, Profile]]) -> Iterator[str]:
    """What two backends, each given with its name, must not share, as `name: key path: why`.

    Two that report for one source are one provider to the accounting: the usage of one would be
    refused as that of the other under its keys, or paid to it.
    """
    seen: dict[tuple[str, str], str] = {}
    for name, profile in profiles:
        for key, value in _own(profile):
            other = seen.setdefault((key, value), name)
            if other != name:
                yield f"{name}: {key}: {value!r} is that of {other} already"


def several_issuers(members: Sequence[Profile | None], rule: str) -> bool:
    """Whether users may come from more than one issuer by that `oidc_rule`, if none is trusted.

    None stands for a member whose issuers nobody knows.
    """
    known = [_issuers(member) for member in members if member is not None]
    some = [issuers for issuers in known if issuers]
    if None in members:
        return rule == "union" or all(len(issuers) > 1 for issuers in some)
    everywhere = set.intersection(*some) if some and rule == "common" else set()
    return len(everywhere or set().union(*some)) > 1


def _issuers(profile: Profile) -> set[str]:
    return {provider.issuer.rstrip("/") for provider in profile.oidc.providers}


def _own(profile: Profile) -> Iterator[tuple[str, str]]:
    """What identifies a backend to others, by its key path."""
    yield "id", profile.id
    if profile.accounting is not None:
        yield "accounting.source", profile.accounting.source
        yield "accounting.client_id", profile.accounting.client_id


def _unregistered(client: DefaultClient, identity: Settings) -> Iterator[str]:
    known = identity.clients.get(client.id)
    if known is None:
        yield f"id: the provider has no client {client.id!r}"
        return
    if not known.is_public:
        yield f"id: the client {client.id!r} of the provider has a secret"
    for grant in client.grant_types:
        if grant.removesuffix(PKCE) not in known.grants:
            yield f"grant_types: the provider does not grant {grant!r} to {client.id!r}"
    for url in client.redirect_urls:
        if not known.redirects_to(url):
            yield f"redirect_urls: the provider does not send users of {client.id!r} to {url}"
