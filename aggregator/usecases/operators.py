"""Who may act for the federation: operators by entitlement, programs by a token of their own."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Sequence
from fnmatch import fnmatchcase

from aggregator.errors import PermissionsInsufficient
from aggregator.identity.claims import Claims
from aggregator.settings import Settings
from aggregator.usecases.accounts import Access, Accounts
from aggregator.usecases.callers import trust_in_issuers
from aggregator.usecases.catalogue import Catalogue
from aggregator.usecases.views import whole


class Operators:
    """Tells operators by the header Authorization.

    `access_of` tells whose header it is, `trusts_issuers` whether what tokens say of their users
    can be believed.
    """

    def __init__(
        self,
        settings: Settings,
        access_of: Callable[[str | None], Access],
        trusts_issuers: Callable[[], bool],
    ) -> None:
        self._settings = settings
        self._access_of, self._trusts_issuers = access_of, trusts_issuers

    def name_of(self, authorization: str | None) -> str:
        """The name under which an operator's doings are kept.

        Raises PermissionsInsufficient for who is none, and what `Accounts.access` raises.
        """
        program = self._program(authorization or "")
        if program:
            return program
        access = self._access_of(authorization)
        if self._is_operator(access):
            return access.user_id
        raise PermissionsInsufficient("Only operators of this federation may do this.")

    def _program(self, authorization: str) -> str:
        kind, _, token = authorization.partition(" ")
        digest = hashlib.sha256(token.strip().encode()).hexdigest()
        known = self._settings.availability.operator_tokens
        # Compared with each in the same time, whether it is right or not.
        found = [hmac.compare_digest(digest, one) for one in known]
        return f"token {digest[:8]}" if kind.lower() == "bearer" and any(found) else ""

    def _is_operator(self, access: Access) -> bool:
        claims = access.claims
        return (
            claims is not None
            and self._trusts_issuers()
            and is_operator(claims, self._settings.operators)
        )


def is_operator(claims: Claims, wanted: Sequence[str]) -> bool:
    """Whether claims of an issuer that can be believed have one of these roles (patterns)."""
    held = (*claims.entitlements, *claims.subscriptions)
    return any(fnmatchcase(one, pattern) for one in held for pattern in wanted)


def operators_of(settings: Settings, accounts: Accounts, catalogue: Catalogue) -> Operators:
    """The operators of a federation; tokens of issuers that nobody trusts make none."""
    view = whole(settings.public_url)

    def access_of(authorization: str | None) -> Access:
        return accounts.access(authorization, view)

    trusts_issuers = trust_in_issuers(settings, catalogue)
    return Operators(settings, access_of, trusts_issuers)
