"""What an error of a backend means for a part: wait, give up, or ask the user to log in."""

from __future__ import annotations

from aggregator.errors import (
    AuthenticationRequired,
    BackendError,
    BackendFailure,
    BackendTimeout,
    BackendUnavailable,
    DatabaseUnavailable,
    OpenEOError,
    TokenInvalid,
)
from aggregator.federated.states import AWAY, LOGIN

LOST, REFUSED = "lost", "refused"
"""There is no such job at the backend; it says no, and would again."""

_LATER = frozenset({408, 429, 500, 502, 503, 504})
_FOR_GOOD = frozenset({"PermissionsInsufficient", "ConsentRequired"})


def trouble_of(error: OpenEOError) -> str:
    """AWAY, LOGIN, LOST or REFUSED.

    An error within a backend (5xx) may pass; a permission that the user lacks does not come by
    logging in again.
    """
    if isinstance(error, BackendUnavailable | BackendTimeout | BackendFailure):
        return AWAY
    if isinstance(error, DatabaseUnavailable):
        return AWAY
    if isinstance(error, TokenInvalid | AuthenticationRequired):
        return LOGIN
    if isinstance(error, BackendError):
        return _said(error)
    return REFUSED


def _said(error: BackendError) -> str:
    if error.status in _LATER:
        return AWAY
    if error.status in (401, 403) and error.code not in _FOR_GOOD:
        return LOGIN
    return LOST if error.status in (404, 410) else REFUSED


def is_uncertain(error: OpenEOError) -> bool:
    """Whether what was asked may have been done all the same."""
    return isinstance(error, BackendTimeout | BackendFailure) or (
        isinstance(error, BackendError) and error.status >= 500
    )
