"""Who sits at the browser: the session, and logging in with name and password."""

import secrets
from math import ceil
from typing import Final

from flask import Response, request, session
from werkzeug.exceptions import TooManyRequests

from backends.identity.registered import SignedIn
from backends.identity.store import Login
from backends.identity.web.pages import check_form, page
from backends.identity.web.provider import provider
from backends.passwords import matches

NAME: Final = 255
"""Longest name that somebody can have."""
WRONG: Final = "The name or the password is not correct."


def somebody() -> SignedIn | None:
    """Who is logged in at this browser; each call begins a login of its own with a client."""
    here = provider()
    user = here.settings.users.get(session.get("user", ""))
    began = float(session.get("auth_time", 0.0))
    if user is None or here.database.clock() - began >= here.settings.lifetimes.session:
        return None
    if here.server.refresh_tokens.is_revoked(session["id"]):
        return None
    return SignedIn(user, Login(user.login, secrets.token_urlsafe(16), int(began)))


def forget() -> None:
    """Log out at this browser, and wherever its cookie may have been copied to."""
    if "id" in session:
        provider().server.refresh_tokens.revoke(session["id"])
    session.clear()


def log_in(purpose: str) -> Response | None:
    """Log in with the form that was sent; the form again, with what was wrong, if that fails.

    ``purpose`` says on the page what one logs in for.
    """
    check_form()
    name, password = request.form.get("username", "")[:NAME], request.form.get("password", "")
    _check_patience(name)
    user = provider().settings.users.get(name)
    if not matches(user.password if user else None, password):
        provider().names.failed(name)
        provider().addresses.failed(_address())
        return login_page(purpose, name=name, problem=WRONG, status=401)
    provider().names.succeeded(name)
    session.clear()
    session.update(user=name, id=secrets.token_urlsafe(16), auth_time=provider().database.clock())
    return None


def login_page(purpose: str, *, name: str = "", problem: str = "", status: int = 200) -> Response:
    """The form for name and password."""
    return page("login.html", status, purpose=purpose, name=name, problem=problem)


def check_codes() -> None:
    """Refuse whoever guessed user codes too often."""
    _check_wait(provider().codes.wait(_address()))


def guessed_code() -> None:
    """Note that somebody typed a user code that does not exist."""
    provider().codes.failed(_address())


def _check_patience(name: str) -> None:
    _check_wait(max(provider().names.wait(name), provider().addresses.wait(_address())))


def _check_wait(seconds: float) -> None:
    if seconds > 0:
        minutes = ceil(seconds / 60)
        raise TooManyRequests(
            f"There were too many wrong attempts. Try again in {minutes} "
            f"minute{'' if minutes == 1 else 's'}.",
            retry_after=ceil(seconds),
        )


def _address() -> str:
    return request.remote_addr or ""
