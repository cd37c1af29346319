"""Which program reports usage, by its verified token."""

from __future__ import annotations

from aggregator.settings import Settings
from aggregator.usecases.accounts import Accounts
from aggregator.usecases.catalogue import Catalogue
from aggregator.usecases.reporting import Caller, CallerOf
from aggregator.usecases.views import whole


def verified_callers(settings: Settings, accounts: Accounts, catalogue: Catalogue) -> CallerOf:
    """Says whose token it is, and which program's.

    Two issuers can give the same name to different programs: of tokens of several issuers that the
    operator has not named as trusted, no program is told.
    """
    view = whole(settings.public_url)

    def caller_of(authorization: str | None) -> Caller:
        access = accounts.access(authorization, view)
        named = bool(settings.identity.trusted_issuers) or len(catalogue.shelf(view).providers) == 1
        client = access.claims.client if access.claims and named else ""
        return Caller(access.user_id, client)

    return caller_of
