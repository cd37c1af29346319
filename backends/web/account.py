"""The account: logging in, and what the user has."""

from flask import Blueprint, Response, request

from backends.web.authentication import check_basic, current_name, current_user
from backends.web.backend import backend
from backends.web.documents import json_response

account = Blueprint("account", __name__)
federated = Blueprint("federated", __name__)
"""What backends have whose users come from OpenID Connect providers."""


@account.get("/credentials/basic")
def log_in() -> Response:
    """A token for a user name and password."""
    here = backend()
    user = check_basic(request, here)
    response = json_response({"access_token": here.tokens.issue(user)})
    response.headers["Cache-Control"] = "no-store"
    return response


@federated.get("/credentials/oidc")
def providers() -> Response:
    """The OpenID Connect providers whose users may log in."""
    listed = backend().profile.oidc.providers
    return json_response({"providers": [one.as_json() for one in listed]}, revalidate=True)


@account.get("/me")
def me() -> Response:
    """What the user is called, has to spend and has left to store."""
    here = backend()
    user = current_user()
    spent = here.store.spent(user)
    quota, used = here.files.quota, here.files.used(user)
    return json_response(
        {
            "user_id": user,
            "name": current_name(),
            "default_plan": here.profile.default_plan(user),
            "storage": {"free": max(quota - used, 0), "quota": quota},
            "budget": round(max(here.profile.budget(user) - spent, 0.0), 4),
            "links": [],
        }
    )
