"""Who may act for the federation: operators by entitlement, programs by a token of their own."""

from __future__ import annotations

import hashlib
import hmac
from fnmatch import fnmatchcase

from aggregator.errors import PermissionsInsufficient
from aggregator.settings import Settings
from aggregator.usecases.accounts import Access, Accounts
from aggregator.usecases.catalogue import Catalogue
from aggregator.usecases.views import whole


class Operators:
    """Tells operators by the header Authorization.

    Anybody could say of themselves to be an operator through an issuer that the federation's
    operator does not trust: of tokens of several issuers, of which none is named as trusted, none
    makes an operator.
    """

    def __init__(self, settings: Settings, accounts: Accounts, catalogue: Catalogue) -> None:
        self._settings, self._accounts, self._catalogue = settings, accounts, catalogue
        self._view = whole(settings.public_url)

    def name_of(self, authorization: str | None) -> str:
        """The name under which an operator's doings are kept.

        Raises PermissionsInsufficient for who is none, and what `Accounts.access` raises.
        """
        program = self._program(authorization or "")
        if program:
            return program
        access = self._accounts.access(authorization, self._view)
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
        if claims is None or not self._trusts_issuers():
            return False
        held = (*claims.entitlements, *claims.subscriptions)
        wanted = self._settings.availability.operator_entitlements
        return any(fnmatchcase(one, pattern) for one in held for pattern in wanted)

    def _trusts_issuers(self) -> bool:
        named = self._settings.identity.trusted_issuers
        return bool(named) or len(self._catalogue.shelf(self._view).providers) == 1
