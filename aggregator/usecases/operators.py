"""Who may act for the federation: operators by entitlement, programs by a token of their own."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from fnmatch import fnmatchcase

from aggregator.errors import PermissionsInsufficient
from aggregator.settings import Availability, Settings
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
        settings: Availability,
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
        known = self._settings.operator_tokens
        # Compared with each in the same time, whether it is right or not.
        found = [hmac.compare_digest(digest, one) for one in known]
        return f"token {digest[:8]}" if kind.lower() == "bearer" and any(found) else ""

    def _is_operator(self, access: Access) -> bool:
        claims = access.claims
        if claims is None or not self._trusts_issuers():
            return False
        held = (*claims.entitlements, *claims.subscriptions)
        wanted = self._settings.operator_entitlements
        return any(fnmatchcase(one, pattern) for one in held for pattern in wanted)


def operators_of(settings: Settings, accounts: Accounts, catalogue: Catalogue) -> Operators:
    """The operators of a federation; tokens of issuers that nobody trusts make none."""
    view = whole(settings.public_url)

    def access_of(authorization: str | None) -> Access:
        return accounts.access(authorization, view)

    trusts_issuers = trust_in_issuers(settings, catalogue)
    return Operators(settings.availability, access_of, trusts_issuers)
