"""The section Account Management of the API."""

from __future__ import annotations

from flask import Blueprint, Response, request

from aggregator.web.context import federation, view, who
from aggregator.web.responses import document, send

blueprint = Blueprint("account", __name__)


@blueprint.get("/credentials/basic")
def basic() -> Response:
    """A token for a user name and password."""
    token = federation().accounts.login(request.headers.get("Authorization"))
    return document({"access_token": token})


@blueprint.get("/credentials/oidc")
def oidc() -> Response:
    """The OpenID Connect providers that can be used."""
    return send(federation().catalogue.offered_page("oidc", view()))


@blueprint.get("/me")
def me() -> Response:
    """What the federation and its backends know of the user."""
    return document(federation().profiles.of(who(), view()))
