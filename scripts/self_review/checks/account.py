"""The user: logging in, the account, and what users may read as well as anybody."""

from __future__ import annotations

from scripts.self_review.backend import Backend, numbers, read_object, usable
from scripts.self_review.checks.logins import issuers
from scripts.self_review.findings import (
    Cause,
    Outcome,
    could_not_tell,
    failed,
    judged,
    not_applicable,
    passed,
    warned,
)
from scripts.self_review.probe.answer import Answer
from scripts.self_review.registry import check


@check("api-42")
def formats_can_be_read(backend: Backend) -> Outcome:
    return _readable(backend.get_as_user("/file_formats"))


@check("api-202")
def processes_can_be_read(backend: Backend) -> Outcome:
    return _readable(backend.get_as_user("/processes"))


@check("api-302")
def collections_can_be_read(backend: Backend) -> Outcome:
    return _readable(backend.get_as_user("/collections"))


@check("api-323")
def each_collection_can_be_read(backend: Backend) -> Outcome:
    listed = [key for key, answer in backend.sampled() if answer.ok][:3]
    if not listed:
        says = "No collection can be read by anybody (judged by api-320 and api-322)."
        return could_not_tell(says, Cause.UNUSABLE)
    answers = [backend.get_as_user(f"/collections/{key}") for key in listed]
    bad = [f"{one.request} answers {one.status}" for one in answers if not one.ok]
    looked_at = f"{len(listed)} of {len(backend.collections)} collections"
    return judged(bad, "A user can read them.", looked_at=looked_at)


@check("api-73")
def runtimes_can_be_read(backend: Backend) -> Outcome:
    backend.required_there("/udf_runtimes", "api-71")
    return _readable(backend.get_as_user("/udf_runtimes"))


@check("api-602")
def service_types_can_be_read(backend: Backend) -> Outcome:
    backend.required_there("/service_types", "api-600")
    return _readable(backend.get_as_user("/service_types"))


def _readable(answer: Answer) -> Outcome:
    refused = answer.status in {401, 403}
    problems = [f"it answers {answer.status} to a user"] if refused else []
    return judged(problems, "A user can read it.", answer)


@check("api-100")
def tokens_are_accepted(backend: Backend) -> Outcome:
    three_parts, bare = backend.user.forms(backend)
    old = _accepted(backend, three_parts)
    if any(one.ok for one in old):
        return passed("The three-part form is accepted.", *old)
    new = _accepted(backend, bare)
    version = numbers(backend.capabilities.get("api_version"))
    if version >= (1, 3) and any(one.ok for one in new):
        says = "Only the bare token of openEO API 1.3 is accepted; older clients cannot log in."
        return warned(says, *old, *new)
    return failed("The three-part form is refused.", *old, *new)


def _accepted(backend: Backend, form: str) -> list[Answer]:
    headers = {"Authorization": f"Bearer {form}"}
    paths = ("/me", "/jobs", "/process_graphs")
    return [backend.send_anonymously("GET", path, headers=headers) for path in paths]


@check("api-120")
def the_account_can_be_read(backend: Backend) -> Outcome:
    answer = backend.get_as_user("/me")
    problems = [] if answer.ok else [f"GET /me answers {answer.status} to a user"]
    return judged(problems, "A user can read it.", answer)


@check("api-121")
def the_account_has_an_id(backend: Backend) -> Outcome:
    document = usable(backend.get_as_user("/me"), "api-120")
    own = document.get("user_id")
    answer = backend.get_as_user("/me")
    if not isinstance(own, str) or not own:
        return failed("There is no text `user_id`.", answer)
    if backend.penniless is None:
        return passed("There is one; whether another user has another was not tried.", answer)
    other = read_object(backend.send_as(backend.penniless, "GET", "/me")) or {}
    problems = ["another user has the same"] if other.get("user_id") == own else []
    return judged(problems, "There is one; another user has another.", answer)


@check("auth-1")
def the_provider_of_the_federation_is_listed(backend: Backend) -> Outcome:
    found, shown = issuers(backend)
    wanted = backend.options.issuer
    if wanted not in found:
        hint = "Accept its tokens and list it at GET /credentials/oidc. Has your federation another"
        hint += " provider? Name it with --issuer."
        return failed(f"{wanted} is not listed.", shown, hint=hint)
    if backend.account is not None and backend.account.issuer == wanted:
        answer = backend.get_as_user("/me")
        if not answer.ok:
            return failed("It is listed, but its token is refused.", shown, answer)
        return passed("It is listed, and its token was accepted.", shown, answer)
    says = "It is listed; that its tokens are accepted was not tried."
    return warned(says, shown, hint="Log in with --oidc-….")


@check("auth-backend-5")
def restricted_collections_are_guarded(backend: Backend) -> Outcome:
    backend.user  # noqa: B018 - raises without a login
    marked = [
        str(one.get("id"))
        for one in backend.full_collections()
        if str(one.get("license")) == "proprietary" or any(k.startswith("order:") for k in one)
    ]
    if not marked:
        return not_applicable("No collection is marked as restricted.")
    says = f"{', '.join(marked)} may be restricted; whether this user lacks the right is not known."
    return could_not_tell(says, Cause.STATEMENT)


@check("billing-4")
def work_may_be_refused_below_zero(backend: Backend) -> Outcome:
    backend.user  # noqa: B018 - raises without a login
    return not_applicable("It is allowed, not wanted; refusals are judged by api-852 and api-910.")
