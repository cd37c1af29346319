"""Who asks: HTTP Basic for the token, Bearer tokens for the rest."""

from typing import Final, cast

from flask import Flask, Request, g, request

from backends.errors import OpenEOError
from backends.passwords import matches
from backends.web.backend import Backend, backend

PUBLIC: Final = frozenset(
    {
        "account.log_in",
        "capabilities.conformance",
        "capabilities.describe",
        "capabilities.health",
        "discovery.collection",
        "discovery.collections",
        "discovery.file_formats",
        "discovery.processes",
        "filters.queryables",
        "discovery.service_types",
        "host.health",
        "host.versions",
        "processing.request_logs",
        "results.asset",
        "results.item",
        "results.shared",
        "runtimes.udf_runtimes",
        "scenes.describe_item",
        "scenes.list_items",
        "services.tile",
        "stored_processes.shared_process",
    }
)
"""The endpoints (by Flask's names) that need no token; signed links are their own proof."""

PREFIX: Final = "basic//"


def guard(app: Flask) -> None:
    """Let nobody without a valid token past the public endpoints."""

    @app.before_request
    def authenticate() -> None:
        if request.url_rule is not None and request.endpoint not in PUBLIC:
            g.user = _user_of_bearer(request, backend())


def current_user() -> str:
    """The user who sent the current request."""
    return cast(str, g.user)


def check_basic(users_request: Request, here: Backend) -> str:
    """The user whose name and password stand in the request (RFC 7617)."""
    scheme, _, _ = users_request.headers.get("Authorization", "").partition(" ")
    if not scheme:
        raise _required('Basic realm="openEO", charset="UTF-8"', "Send user name and password.")
    credentials = users_request.authorization
    if scheme.lower() != "basic":
        raise OpenEOError(
            "AuthenticationSchemeInvalid",
            "This endpoint wants the user name and password by HTTP Basic authentication.",
        )
    name = credentials.username if credentials else None
    password = credentials.password if credentials else None
    user = here.profile.users.get(name or "")
    if name is None or not matches(user.password if user else None, password or ""):
        raise OpenEOError("CredentialsInvalid", "The user name or the password is not correct.")
    return name


def _user_of_bearer(users_request: Request, here: Backend) -> str:
    scheme, _, token = users_request.headers.get("Authorization", "").partition(" ")
    if not scheme:
        raise _required("Bearer", "Log in first and send the access token as Bearer token.")
    if scheme.lower() != "bearer":
        raise OpenEOError(
            "AuthenticationSchemeInvalid",
            f"The authentication scheme {scheme!r} is not supported here; send a Bearer token.",
        )
    user = here.tokens.user_of(_bare(token.strip(), here))
    if user not in here.profile.users:
        raise OpenEOError("TokenInvalid", "The user of this access token is no longer known here.")
    return user


def _bare(token: str, here: Backend) -> str:
    if token.startswith(PREFIX):
        return token.removeprefix(PREFIX)
    if token.startswith("oidc/"):
        raise OpenEOError(
            "AuthenticationSchemeInvalid", "OpenID Connect is not supported; log in with Basic."
        )
    if here.profile.token_form == "prefixed":  # noqa: S105  # a form, no secret
        raise OpenEOError(
            "TokenInvalid", f"This backend wants the access token as 'Bearer {PREFIX}TOKEN'."
        )
    return token


def _required(challenge: str, advice: str) -> OpenEOError:
    return OpenEOError(
        "AuthenticationRequired",
        f"This endpoint needs authentication. {advice}",
        headers={"WWW-Authenticate": challenge},
    )
