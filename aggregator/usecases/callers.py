"""Which program reports usage, by its verified token."""

from __future__ import annotations

from collections.abc import Callable

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
    view, trusts_issuers = whole(settings.public_url), trust_in_issuers(settings, catalogue)

    def caller_of(authorization: str | None) -> Caller:
        access = accounts.access(authorization, view)
        client = access.claims.client if access.claims and trusts_issuers() else ""
        subscriptions = access.claims.subscriptions if access.claims else None
        return Caller(access.user_id, client, subscriptions)

    return caller_of


def trust_in_issuers(settings: Settings, catalogue: Catalogue) -> Callable[[], bool]:
    """Whether what tokens say of their users and programs can be believed.

    Anybody could say of themselves to be an operator, or a member's program, through an issuer that
    nobody trusts: it takes issuers that the operator has named, or a single one.
    """
    view = whole(settings.public_url)

    def trusts_issuers() -> bool:
        named = bool(settings.identity.trusted_issuers)
        return named or len(catalogue.shelf(view).providers) == 1

    return trusts_issuers
