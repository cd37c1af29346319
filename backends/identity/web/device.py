"""The page for devices: their user types a code and says whether they may come in."""

from typing import Any, cast

from flask import Blueprint, Response, redirect, request, url_for
from werkzeug.datastructures import MultiDict

from backends.identity.devices import Device, plain
from backends.identity.registered import SignedIn
from backends.identity.web.pages import check_form, dress, page
from backends.identity.web.people import (
    check_codes,
    forget,
    guessed_code,
    log_in,
    login_page,
    somebody,
)
from backends.identity.web.provider import provider

device = Blueprint("device", __name__)
dress(device)

PURPOSE = "to let in a program that showed you a code"
UNKNOWN = "There is no such code, or it is too old. Look again at what your program shows."


@device.get("/device")
def enter() -> Response:
    """The form for the code, or what the device with that code wants."""
    user = somebody()
    if user is None:
        return login_page(PURPOSE)
    code = _code(request.args)
    return _confirm_page(user, code) if code else _code_page()


@device.post("/device")
def decide() -> Response:
    """What the user has decided about the device."""
    action = request.form.get("action")
    if action == "login":
        return log_in(PURPOSE) or _again()
    check_form()
    user = somebody()
    if action == "switch":
        forget()
    if user is None or action == "switch":
        return _again()
    code = _code(request.form)
    if action not in ("allow", "deny"):
        return _confirm_page(user, code)
    return _decided(user, code, allowed=action == "allow")


def _decided(user: SignedIn, code: str, *, allowed: bool) -> Response:
    waiting = _waiting(code)
    login = user.login if allowed else None
    if waiting is None or not provider().server.devices.decide(code, login):
        return _code_page(code, UNKNOWN)
    client = provider().settings.clients[waiting.client]
    return page("done.html", allowed=allowed, client=client)


def _confirm_page(user: SignedIn, code: str) -> Response:
    waiting = _waiting(code)
    if waiting is None:
        return _code_page(code, UNKNOWN)
    client = provider().settings.clients[waiting.client]
    return page(
        "confirm.html",
        user=user.user,
        client=client,
        scopes=waiting.scope.split(),
        code=waiting.user_code,
    )


def _waiting(code: str) -> Device | None:
    """The request with that code; whoever guesses is stopped."""
    check_codes()
    waiting = provider().server.devices.waiting(code)
    if waiting is None or waiting.client not in provider().settings.clients:
        guessed_code()
        return None
    return waiting


def _code_page(code: str = "", problem: str = "") -> Response:
    return page("code.html", 400 if problem else 200, code=code, problem=problem)


def _code(values: MultiDict[str, Any]) -> str:
    return str(values.get("user_code", ""))[:40]


def _again() -> Response:
    """The page once more, with the code that the link had."""
    code = _code(request.args)
    query = f"?user_code={plain(code)}" if code else ""
    return cast(Response, redirect(url_for("device.enter") + query, 303))
