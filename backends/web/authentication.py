"""Who asks: HTTP Basic for the token, Bearer tokens for the rest."""

from typing import Final, cast

from flask import Flask, Request, g, request

from backends.errors import OpenEOError
from backends.oidc.tokens import Bearer
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
        "federated.providers",
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
        "searches.search_items",
        "searches.search_items_by_body",
        "services.tile",
        "stored_processes.shared_process",
        "workspaces.list_providers",
    }
)
"""The endpoints (by Flask's names) that need no token; signed links are their own proof."""

PREFIX: Final = "basic//"
OIDC_PREFIX: Final = "oidc/"


def guard(app: Flask) -> None:
    """Let nobody without a valid token past the public endpoints."""

    @app.before_request
    def authenticate() -> None:
        if request.url_rule is not None and request.endpoint not in PUBLIC:
            g.user, g.bearer = _check_bearer(request, backend())


def current_user() -> str:
    """The user who sent the current request."""
    return cast(str, g.user)


def current_name() -> str:
    """What the user who sent the current request is called."""
    return backend().access.name_of(g.bearer) if g.bearer else current_user()


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


def _check_bearer(users_request: Request, here: Backend) -> tuple[str, Bearer | None]:
    """The user whose token stands in the request, and what a provider says of them."""
    scheme, _, token = users_request.headers.get("Authorization", "").partition(" ")
    if not scheme:
        raise _required("Bearer", "Log in first and send the access token as Bearer token.")
    if scheme.lower() != "bearer":
        raise OpenEOError(
            "AuthenticationSchemeInvalid",
            f"The authentication scheme {scheme!r} is not supported here; send a Bearer token.",
        )
    token = token.strip()
    if token.startswith(OIDC_PREFIX):
        bearer = _entered(token, here)
        return bearer.user_id, bearer
    if not token.startswith(PREFIX):
        _check_form(here)
        if provider := here.access.provider_of(token):
            bearer = here.access.enter(token, provider)
            return bearer.user_id, bearer
    return _known_user(token.removeprefix(PREFIX), here), None


def _entered(token: str, here: Backend) -> Bearer:
    """The bearer of ``oidc/PROVIDER/TOKEN``."""
    name, _, bare = token.removeprefix(OIDC_PREFIX).partition("/")
    known = [one.id for one in here.profile.oidc.providers]
    if name not in known:
        offered = f"offered are {', '.join(known)}" if known else "log in with Basic"
        raise OpenEOError(
            "AuthenticationSchemeInvalid",
            f"There is no OpenID Connect provider '{name[:40]}' here; {offered}.",
        )
    return here.access.enter(bare, name)


def _known_user(token: str, here: Backend) -> str:
    """The user of a token that this backend gave for a password."""
    user = here.tokens.user_of(token)
    if user not in here.profile.users:
        raise OpenEOError("TokenInvalid", "The user of this access token is no longer known here.")
    return user


def _check_form(here: Backend) -> None:
    """Refuse a bare token where the conformance class for it is not claimed."""
    if here.profile.token_form == "prefixed":  # noqa: S105  # a form, no secret
        forms = [f"'Bearer {PREFIX}TOKEN'"]
        forms += [f"'Bearer {OIDC_PREFIX}{one.id}/TOKEN'" for one in here.profile.oidc.providers]
        raise OpenEOError(
            "TokenInvalid", f"This backend wants the access token as {' or '.join(forms)}."
        )


def _required(challenge: str, advice: str) -> OpenEOError:
    return OpenEOError(
        "AuthenticationRequired",
        f"This endpoint needs authentication. {advice}",
        headers={"WWW-Authenticate": challenge},
    )
