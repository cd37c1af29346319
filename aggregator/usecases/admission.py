"""Whether the members may work for a user: entitlements, subscriptions, the terms."""

from __future__ import annotations

from aggregator.errors import OpenEOError
from aggregator.identity.rules import Rules
from aggregator.settings import Identity
from aggregator.usecases.accounts import Access
from aggregator.usecases.agreements import Agreements


class Admission:
    """Lets users in to all that sends something of theirs to members."""

    def __init__(self, settings: Identity, agreements: Agreements) -> None:
        self._rules = Rules(
            settings.required_entitlements, settings.required_subscriptions, settings.join_url
        )
        self._agreements = agreements

    def admit(self, access: Access) -> None:
        """Return if the user may. Raises PermissionsInsufficient, ConsentRequired."""
        refusal = self.refusal(access)
        if refusal is not None:
            raise refusal

    def refusal(self, access: Access) -> OpenEOError | None:
        """The error that says what is missing; None if nothing is.

        A login by password has no claims, so that it fulfils no rule.
        """
        claims = access.claims
        entitlements = claims.entitlements if claims else ()
        subscriptions = claims.subscriptions if claims else ()
        lacking = self._rules.refusal(entitlements, subscriptions, with_password=claims is None)
        return lacking or self._agreements.refusal(access)
