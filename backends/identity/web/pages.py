"""What the pages for people share: how they look, what they may do, who can send their forms."""

import hmac
import secrets
from typing import Any, Final

from authlib.oauth2 import OAuth2Error
from flask import Blueprint, Response, abort, make_response, render_template, request, session
from werkzeug.exceptions import HTTPException

from backends.identity.redirects import origin
from backends.identity.web.provider import provider

POLICY: Final = (
    "default-src 'none'; style-src 'self'; img-src 'self'; base-uri 'none'; "
    "frame-ancestors 'none'; form-action 'self'"
)
CSRF: Final = "csrf"


def page(template: str, status: int = 200, *, answers: str = "", **content: Any) -> Response:
    """The page of a template.

    ``answers`` is the registered URL to which its form may lead: browsers hold a
    form's redirects against the policy too.
    """
    content |= {"title": provider().settings.title, "csrf": form_secret()}
    response = make_response(render_template(template, **content), status)
    response.headers["Content-Security-Policy"] = f"{POLICY} {origin(answers)}".strip(" :")
    return response


def form_secret() -> str:
    """What proves that a form comes from a page that this browser was shown."""
    if CSRF not in session:
        session[CSRF] = secrets.token_urlsafe(24)
    return str(session[CSRF])


def check_form() -> None:
    """Refuse a form that another site may have sent."""
    known, given = session.get(CSRF), request.form.get(CSRF, "")
    if not known or not hmac.compare_digest(known.encode(), given.encode("utf-8", "replace")):
        abort(
            400,
            "The form was sent without the cookie that belongs to it, or is too old. "
            "Go back, load the page again, and allow this page to keep cookies.",
        )


def dress(section: Blueprint) -> None:
    """Make a section one of pages: safe headers, and problems told as pages."""

    @section.after_request
    def add_headers(response: Response) -> Response:
        response.headers.setdefault("Content-Security-Policy", POLICY)
        response.headers["Cache-Control"] = "no-store"
        response.headers["Referrer-Policy"] = "no-referrer"
        response.headers["X-Content-Type-Options"] = "nosniff"
        response.headers["X-Frame-Options"] = "DENY"
        return response

    section.register_error_handler(OAuth2Error, _oauth_problem)
    section.register_error_handler(HTTPException, _http_problem)


def _oauth_problem(error: OAuth2Error) -> Response:
    """The problem as a page, where it cannot be told to the client that asked."""
    reason = error.get_error_description() or error.error
    return page("problem.html", error.status_code, code=error.error, reason=reason)


def _http_problem(error: HTTPException) -> Response:
    headers = {"Retry-After": str(wait)} if (wait := getattr(error, "retry_after", None)) else {}
    response = page("problem.html", error.code or 500, code=error.name, reason=error.description)
    response.headers.update(headers)
    return response
