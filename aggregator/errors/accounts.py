"""Errors about who asks, and who pays."""

# ruff: noqa: N818  -- the classes bear the names of openEO's codes

from __future__ import annotations

from aggregator.errors.base import OpenEOError


class PaymentRequired(OpenEOError, status=402):
    """The account cannot pay for the request."""

    wording = "Your budget does not cover this request. A payment is needed first."


class BillingPlanInvalid(OpenEOError, status=400):
    """No such billing plan."""

    wording = "There is no such billing plan; GET / lists the plans."


class BillingPlanMissing(OpenEOError, status=400):
    """The request must name a billing plan."""

    wording = "Name the billing plan that this is to be charged under; GET / lists the plans."


class AuthenticationRequired(OpenEOError, status=401):
    """The request needs a bearer token and has none."""

    wording = "This needs a login: send a bearer token in the header Authorization."


class AuthenticationSchemeInvalid(OpenEOError, status=403):
    """A way of logging in that is not offered."""

    wording = "This way of logging in is not offered; send a bearer token."


class TokenInvalid(OpenEOError, status=403):
    """The token has expired or was never given out."""

    wording = "The bearer token has expired or is not one of ours. Please log in again."


class CredentialsInvalid(OpenEOError, status=403):
    """A wrong name or password."""

    wording = "The user name or the password is wrong."


class PermissionsInsufficient(OpenEOError, status=403):
    """Logged in, but not allowed to do this."""

    wording = "Your account is not allowed to do this."
