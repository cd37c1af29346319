"""The page to which clients send browsers: logging in, and agreeing to what the client wants."""

from typing import cast
from urllib.parse import urlencode

from authlib.oauth2 import OAuth2Error
from authlib.oidc.core.errors import ConsentRequiredError
from flask import Blueprint, Response, redirect, request, url_for

from backends.identity.grants import AuthorizationCode
from backends.identity.parameters import check
from backends.identity.redirects import origin
from backends.identity.registered import SignedIn
from backends.identity.web.pages import CSRF, check_form, dress, page
from backends.identity.web.people import forget, log_in, login_page, somebody
from backends.identity.web.provider import provider

authorize = Blueprint("authorize", __name__)
dress(authorize)


@authorize.get("/authorize")
def ask() -> Response:
    """The form to log in, or what the client wants to be agreed to."""
    check(request.args)
    user = somebody()
    grant = _valid_grant(user)
    if isinstance(grant, Response):
        return grant
    if user is None or grant.prompt in ("login", "select_account") or _is_too_old(user):
        return login_page(f"to continue to {grant.client.known.title}")
    return _consent_page(grant, user)


@authorize.post("/authorize")
def answer() -> Response:
    """What the user has decided, taken back to the client."""
    if CSRF not in request.form:
        check(request.form)
        return _redirect({**request.args, **request.form})
    check(request.args)
    user = somebody()
    grant = _valid_grant(user)
    if isinstance(grant, Response):
        return grant
    action = request.form.get("action")
    if action == "login":
        title = grant.client.known.title
        return log_in(f"to continue to {title}") or _again()
    check_form()
    if action == "switch":
        forget()
        return _again()
    if user is None or action not in ("allow", "deny"):
        return _again()
    decision = user if action == "allow" else None
    return cast(
        Response,
        provider().server.create_authorization_response(grant_user=decision, grant=grant),
    )


def _valid_grant(user: SignedIn | None) -> AuthorizationCode | Response:
    """The request of the client, or what it is told if it is wrong.

    Raises ``OAuth2Error`` where it cannot be told: where it is not known that the
    client itself wants the answer there.
    """
    try:
        grant = provider().server.get_consent_grant(end_user=user)
        if request.args.get("prompt") == "none":
            raise ConsentRequiredError(
                redirect_uri=grant.redirect_uri, state=request.args.get("state")
            )
    except OAuth2Error as error:
        if not error.redirect_uri:
            raise
        return provider().server.tell_client(error)
    return cast(AuthorizationCode, grant)


def _consent_page(grant: AuthorizationCode, user: SignedIn) -> Response:
    return page(
        "consent.html",
        answers=grant.redirect_uri,
        place=origin(grant.redirect_uri),
        client=grant.client.known,
        user=user.user,
        scopes=grant.request.scope.split(),
    )


def _is_too_old(user: SignedIn) -> bool:
    """Whether the client wants that the user has logged in more recently."""
    limit = request.args.get("max_age", "")
    age = provider().database.clock() - user.login.auth_time
    return limit.isdecimal() and age > int(limit)


def _again() -> Response:
    """The same request of the client once more; its user has just logged in if it wanted that."""
    return _redirect({k: v for k, v in request.args.items() if k not in ("prompt", "max_age")})


def _redirect(parameters: dict[str, str]) -> Response:
    return cast(Response, redirect(f"{url_for('authorize.ask')}?{urlencode(parameters)}", 303))
