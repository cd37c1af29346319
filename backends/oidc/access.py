"""Who may come in with a token of a provider, and what is known of them."""

from collections.abc import Callable, Mapping
from datetime import datetime
from fnmatch import fnmatchcase

from backends.errors import OpenEOError
from backends.oidc.issuer import Fetch, Issuer, fetch_json
from backends.oidc.providers import Oidc, OidcProvider
from backends.oidc.tokens import Bearer, claimed_issuer, verify


class Access:
    """The door of a backend for users of OpenID Connect providers."""

    def __init__(
        self, oidc: Oidc, clock: Callable[[], datetime], *, fetch: Fetch = fetch_json
    ) -> None:
        self._oidc = oidc
        self._clock = clock
        self._issuers: Mapping[str, Issuer] = {
            provider.id: Issuer(provider.issuer, deadline=oidc.deadline, fetch=fetch)
            for provider in oidc.providers
        }
        self._providers: Mapping[str, OidcProvider] = {one.id: one for one in oidc.providers}

    def provider_of(self, token: str) -> str | None:
        """The id of the provider that a bare token says it is from; None for no token of any."""
        issuer = claimed_issuer(token) if self._providers else None
        return next((one.id for one in self._providers.values() if one.issuer == issuer), None)

    def enter(self, token: str, provider_id: str) -> Bearer:
        """The bearer of a good token of that provider, who may use the backend.

        Raises ``KeyError`` for a provider that is none of this backend;
        ``TokenInvalid``, ``IdentityProviderUnavailable``, or
        ``PermissionsInsufficient`` without the entitlement that is needed.
        """
        provider = self._providers[provider_id]
        bearer = verify(token, provider, self._issuers[provider_id], self._clock)
        wanted = self._oidc.required_entitlements
        if wanted and not _has_one(self._entitlements(bearer), wanted):
            raise OpenEOError(
                "PermissionsInsufficient",
                f"To use this backend, an account at {provider.title} needs one of the "
                f"entitlements {', '.join(wanted)}.",
            )
        return bearer

    def name_of(self, bearer: Bearer) -> str:
        """What the user is called; the user's id if the provider does not say more."""
        said = bearer.claims
        if not _name_in(said):
            try:
                said = self._userinfo(bearer)
            except OpenEOError:  # a name is not worth failing for
                said = {}
        return _name_in(said) or bearer.user_id

    def _entitlements(self, bearer: Bearer) -> list[object]:
        """From the token, else from the provider: some keep their tokens small."""
        claim = self._oidc.entitlement_claim
        said = bearer.claims if claim in bearer.claims else self._userinfo(bearer)
        value = said.get(claim, [])
        return value if isinstance(value, list) else [value]

    def _userinfo(self, bearer: Bearer) -> Mapping[str, object]:
        said = self._issuers[bearer.provider.id].userinfo(bearer.token)
        # Another user's claims must not be taken for these (OpenID Connect Core, 5.3.2).
        return said if said.get("sub") == bearer.claims["sub"] else {}


def _name_in(claims: Mapping[str, object]) -> str:
    for claim in ("name", "preferred_username"):
        name = claims.get(claim)
        if isinstance(name, str) and name.strip():
            return name
    return ""


def _has_one(entitlements: list[object], wanted: tuple[str, ...]) -> bool:
    return any(
        isinstance(one, str) and fnmatchcase(one, pattern)
        for one in entitlements
        for pattern in wanted
    )
