"""Which ways to log in there are."""

from __future__ import annotations

from scripts.self_review.backend import ABSENT, Backend, Entry, objects
from scripts.self_review.findings import (
    Evidence,
    Outcome,
    failed,
    judged,
    not_applicable,
    passed,
)
from scripts.self_review.lists import public
from scripts.self_review.probe.addresses import parts
from scripts.self_review.probe.answer import NotJsonError
from scripts.self_review.registry import check

BASIC, OIDC = "/credentials/basic", "/credentials/oidc"
HINT = "List at GET /credentials/oidc the providers whose tokens are accepted."


@check("api-110")
def there_is_a_way_to_log_in(backend: Backend) -> Outcome:
    tried = [backend.get(BASIC), backend.get(OIDC)]
    there = [one.request for one in tried if one.status not in ABSENT]
    problems = [] if there else ["neither HTTP Basic nor OpenID Connect is there"]
    return judged(problems, f"There is {' and '.join(there)}.", *tried)


@check("api-111")
def passwords_are_not_offered_in_production(backend: Backend) -> Outcome:
    answer = backend.get(BASIC)
    if answer.status in ABSENT:
        return passed("HTTP Basic is not offered.", answer)
    if backend.capabilities.get("production") is False:
        return not_applicable("HTTP Basic is offered, but this is no production instance.", answer)
    return failed("HTTP Basic is offered.", answer, hint="Offer OpenID Connect only.")


@check("api-112")
def openid_connect_is_offered(backend: Backend) -> Outcome:
    answer = backend.get(OIDC)
    if answer.status in ABSENT:
        return failed("OpenID Connect is not offered.", answer, hint=HINT)
    if (refused := public(answer)).verdict == "fail":
        return refused
    try:
        listed = objects(answer.object().get("providers"))
    except NotJsonError as error:
        return failed(f"{error}.", answer)
    problems = [] if listed else ["no provider is listed"]
    problems += [f"{one.get('id', 'a provider')}: {said}" for one in listed if (said := _odd(one))]
    names = ", ".join(str(one.get("issuer")) for one in listed)
    return judged(problems, f"Providers: {names}.", answer, hint=HINT)


def _odd(provider: Entry) -> str:
    missing = [key for key in ("id", "issuer", "title") if not isinstance(provider.get(key), str)]
    if missing:
        return f"no {' and no '.join(missing)}"
    return "" if parts(provider["issuer"]).scheme == "https" else _local(provider["issuer"])


def _local(issuer: str) -> str:
    """An issuer without HTTPS is right on the same machine only."""
    host = parts(issuer).hostname or ""
    local = host in {"localhost", "127.0.0.1", "::1"} or host.endswith(".test")
    return "" if local else f"the issuer {issuer} is not HTTPS"


def providers(backend: Backend) -> list[Entry]:
    """The listed identity providers; not applicable where OpenID Connect is not offered."""
    return objects(backend.optional_document(OIDC, "api-112").get("providers"))


def issuers(backend: Backend) -> tuple[list[str], Evidence]:
    """The issuers that are listed, without a slash at the end."""
    found = [str(one.get("issuer", "")).rstrip("/") for one in providers(backend)]
    return found, Evidence(f"GET {backend.root}{OIDC}", ", ".join(found) or "no providers")
