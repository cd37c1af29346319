"""Logging out, and the first page."""

from typing import Any, cast

from flask import Blueprint, Response, request

from backends.identity.parameters import check
from backends.identity.web.pages import check_form, dress, page
from backends.identity.web.people import somebody
from backends.identity.web.provider import provider

logout = Blueprint("logout", __name__)
dress(logout)


@logout.get("/")
def home() -> Response:
    """Who is logged in at this browser."""
    user = somebody()
    return page("home.html", user=user.user if user else None)


@logout.route("/logout", methods=["GET", "POST"])
def end() -> Response:
    """Log out: at once for a client that proves whom it means, else when the user agrees."""
    check(request.values)
    asked = provider().server.validate_endpoint_request("end_session")
    if not _is_meant(asked.id_token_claims):
        if request.form.get("action") != "logout":
            return page("logout.html", answers=asked.redirect_uri or "")
        check_form()
    left = provider().server.create_endpoint_response("end_session", asked)
    return cast(Response, left) if left is not None else page("left.html")


def _is_meant(claims: dict[str, Any] | None) -> bool:
    """Whether a client showed an ID token of whoever sits at the browser."""
    user = somebody()
    return claims is not None and (user is None or claims.get("sub") == user.user.sub)
