"""Finding the API, health, logging in, and the account."""

from dataclasses import replace
from typing import Final

from backends.faults.changes import (
    answers,
    missing,
    needs_token,
    on,
    put,
    refused,
    refuses_token,
    removed,
    without,
)
from backends.faults.exchange import Answered, Ask, Asked, said
from backends.faults.rule import EVERYTHING, FAILED, Part, Request, Rule, rule

WELL_KNOWN: Final = "//.well-known/openeo"
OIDC: Final = "/credentials/oidc"
BASIC: Final = "/credentials/basic"
PREFIX: Final = "bearer basic//"
# What somebody without a token sees at protected endpoints that are open.
NOBODYS: Final = {
    "/jobs": {"jobs": [], "links": []},
    "/process_graphs": {"processes": [], "links": []},
    "/services": {"services": [], "links": []},
    "/files": {"files": [], "links": []},
    "/me": {"user_id": "anonymous"},
}


def _only_below_the_api(asked: Asked, _: Ask) -> Asked:
    return replace(asked, path=WELL_KNOWN)


def _refuse_prefixed(asked: Asked, ask: Ask) -> Asked | Answered:
    if not asked.authorization.lower().startswith(PREFIX):
        return asked
    return answers(403, "TokenInvalid", "The access token is not valid.")(asked, ask)


def _open(asked: Asked, answered: Answered) -> Answered:
    nobodys = NOBODYS.get(asked.path)
    if answered.status != 401 or asked.authorization or nobodys is None:
        return answered
    return said(nobodys)


def _unauthorised_as(status: int, *, sent: bool) -> Part:
    """Who is turned away for the token, or for having none, is told so by another status."""

    def response(asked: Asked, answered: Answered) -> Answered:
        turned_away = answered.status in (401, 403) and bool(asked.authorization) is sent
        return replace(answered, status=status) if turned_away else answered

    return Part((), EVERYTHING, response, statuses=FAILED)


def _without_provider(identifier: str) -> tuple[Part, ...]:
    return (on(OIDC, without("providers", lambda one: one.get("id") == identifier)),)


_NO_LOGIN: Final[Request] = answers(404, "NotFound", "There is no way to log in.")

RULES: Final[tuple[Rule, ...]] = (
    rule(
        "wellknown.missing",
        "There is no list of API versions at the host.",
        "api-20 api-21",
        missing(WELL_KNOWN, "GET"),
    ),
    rule(
        "wellknown.below-the-api",
        "The list of API versions is below the API in place of the host's root.",
        "api-20",
        missing(WELL_KNOWN, "GET"),
        Part(("GET",), "/.well-known/openeo", request=_only_below_the_api),
    ),
    rule(
        "wellknown.needs-token",
        "The list of API versions is for logged-in users.",
        "api-21",
        needs_token(WELL_KNOWN),
    ),
    rule(
        "wellknown.no-url",
        "The listed API versions have no `url`.",
        "api-21",
        on(WELL_KNOWN, removed("versions/*/url")),
    ),
    rule(
        "wellknown.no-api-version",
        "The listed API versions have no `api_version`.",
        "api-21",
        on(WELL_KNOWN, removed("versions/*/api_version")),
    ),
    rule(
        "health.missing",
        "There is no GET /health.",
        "api-90",
        missing("/health", "GET"),
        missing("//health", "GET"),
    ),
    rule(
        "health.needs-token",
        "GET /health is for logged-in users.",
        "api-90",
        needs_token("/health"),
        needs_token("//health"),
    ),
    rule(
        "auth.prefixed-token-refused",
        "Access tokens in the form `basic//TOKEN` are refused.",
        "api-100",
        Part((), EVERYTHING, request=_refuse_prefixed),
    ),
    rule(
        "auth.open",
        "Lists that belong to users are shown, empty, to those who are not logged in.",
        "api-101",
        Part(("GET",), EVERYTHING, _open, statuses=FAILED),
    ),
    rule(
        "auth.no-token-is-404",
        "Who sends no token is told 404 in place of 401.",
        "api-101",
        _unauthorised_as(404, sent=False),
    ),
    rule(
        "auth.wrong-token-is-500",
        "Who sends a wrong token or password is told 500 in place of 403.",
        "api-102",
        _unauthorised_as(500, sent=True),
    ),
    rule(
        "auth.wrong-token-is-401",
        "Who sends a wrong token or password is told 401 in place of 403.",
        "api-102",
        _unauthorised_as(401, sent=True),
    ),
    rule(
        "auth.no-login",
        "There is no way to log in, and none is listed.",
        "api-110 api-112",
        Part((), BASIC, request=_NO_LOGIN),
        Part((), OIDC, request=_NO_LOGIN),
        on("/", without("endpoints", lambda one: one.get("path") in (BASIC, OIDC))),
    ),
    rule(
        "oidc.missing",
        "OpenID Connect is not offered, nor listed.",
        "api-112",
        Part((), OIDC, request=_NO_LOGIN),
        on("/", without("endpoints", lambda one: one.get("path") == OIDC)),
    ),
    rule(
        "oidc.needs-token",
        "The list of identity providers is for logged-in users.",
        "api-112",
        needs_token(OIDC),
    ),
    Rule(
        "oidc.provider-missing",
        "One identity provider of the federation is not listed.",
        ("api-113", "auth-1"),
        _without_provider,
        "the id of the provider",
    ),
    rule("me.fails", "The account cannot be shown.", "api-120", refused("/me", "GET")),
    rule(
        "me.token-refused",
        "The account does not accept a token that other endpoints accept.",
        "api-120",
        refuses_token("/me"),
    ),
    rule(
        "me.no-user-id",
        "The account has no `user_id`.",
        "api-121",
        on("/me", removed("user_id")),
    ),
    rule(
        "me.shared-user-id",
        "All users have the same `user_id`.",
        "api-121",
        on("/me", put("user_id", "user")),
    ),
)
