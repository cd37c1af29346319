"""What programs ask for: tokens, and what they are worth."""

from typing import cast

from flask import Blueprint, Response, request

from backends.identity.parameters import check_token_request
from backends.identity.web.provider import provider

oauth = Blueprint("oauth", __name__)


@oauth.before_request
def check_form() -> None:
    if request.method == "POST":
        check_token_request(request)


@oauth.post("/token")
def token() -> Response:
    return cast(Response, provider().server.create_token_response())


@oauth.post("/device_authorization")
def device_authorization() -> Response:
    return _answer("device_authorization")


@oauth.route("/userinfo", methods=["GET", "POST"])
def userinfo() -> Response:
    return _answer("userinfo")


@oauth.post("/revoke")
def revoke() -> Response:
    return _answer("revocation")


@oauth.post("/introspect")
def introspect() -> Response:
    return _answer("introspection")


def _answer(endpoint: str) -> Response:
    return cast(Response, provider().server.create_endpoint_response(endpoint))
