"""What programs ask for: tokens, and what they are worth."""

from typing import cast

from flask import Blueprint, Response, request

from backends.identity.parameters import check_token_request
from backends.identity.web.provider import provider

oauth = Blueprint("oauth", __name__)


@oauth.before_request
def check_form() -> None:
    """Refuse a request whose form is not that of OAuth, before anything reads it."""
    if request.method == "POST":
        check_token_request(request)


@oauth.post("/token")
def token() -> Response:
    """A token for whatever the client has to give."""
    return cast(Response, provider().server.create_token_response())


@oauth.post("/device_authorization")
def device_authorization() -> Response:
    """A code for a device, and one for its user to type."""
    return _answer("device_authorization")


@oauth.route("/userinfo", methods=["GET", "POST"])
def userinfo() -> Response:
    """Who the bearer of an access token is."""
    return _answer("userinfo")


@oauth.post("/revoke")
def revoke() -> Response:
    """End a token before its time."""
    return _answer("revocation")


@oauth.post("/introspect")
def introspect() -> Response:
    """What an access token is worth."""
    return _answer("introspection")


def _answer(endpoint: str) -> Response:
    return cast(Response, provider().server.create_endpoint_response(endpoint))
