"""The account: logging in, and what the user has."""

from flask import Blueprint, Response, request

from backends.web.authentication import check_basic, current_user
from backends.web.backend import backend
from backends.web.documents import json_response

account = Blueprint("account", __name__)


@account.get("/credentials/basic")
def log_in() -> Response:
    here = backend()
    user = check_basic(request, here)
    response = json_response({"access_token": here.tokens.issue(user)})
    response.headers["Cache-Control"] = "no-store"
    return response


@account.get("/me")
def me() -> Response:
    here = backend()
    user = current_user()
    spent = here.store.spent(user)
    quota, used = here.workspaces.quota, here.workspaces.used(user)
    return json_response(
        {
            "user_id": user,
            "name": user,
            "default_plan": here.profile.default_plan(user),
            "storage": {"free": max(quota - used, 0), "quota": quota},
            "budget": round(max(here.profile.budget(user) - spent, 0.0), 4),
            "links": [],
        }
    )
