"""GET / and what it says of the backend."""

from __future__ import annotations

from collections.abc import Mapping

from scripts.self_review.backend import Backend, Entry, numbers, plain
from scripts.self_review.findings import (
    Evidence,
    Outcome,
    failed,
    given,
    judged,
    passed,
    shown_answer,
    some,
    warned,
)
from scripts.self_review.probe.answer import Answer, NotJsonError, kind
from scripts.self_review.provoked import ENDPOINTS, Asked, asked, is_implemented
from scripts.self_review.registry import check

STRINGS = ("api_version", "backend_version", "stac_version", "id", "title", "description")


@check("api-30")
def the_capabilities_are_valid(backend: Backend) -> Outcome:
    answer = backend.get("/")
    if not answer.ok:
        hint = "GET / is what every client asks first; anybody may."
        return failed(f"GET / answers {answer.status} to those without a login.", answer, hint=hint)
    try:
        document = answer.object()
    except NotJsonError as error:
        return failed(f"{error}.", answer)
    problems = [_what(document, key, "text") for key in STRINGS if not _is_text(document, key)]
    arrays = ["endpoints", "links", *(["conformsTo"] if _is_new(document) else [])]
    problems += [
        _what(document, k, "array") for k in arrays if not isinstance(document.get(k), list)
    ]
    if _is_new(document) and document.get("type") != "Catalog":
        problems.append('type is not "Catalog"')
    keys = ", ".join(list(map(str, document))[:20])
    return judged(problems, "All required fields are there.", shown_answer(answer, f"has {keys}"))


def _is_text(document: Entry, key: str) -> bool:
    return isinstance(document.get(key), str) and bool(document[key])


def _is_new(document: Entry) -> bool:
    return numbers(document.get("api_version")) >= (1, 3)


def _what(document: Entry, key: str, wanted: str) -> str:
    found = kind(document[key]) if key in document else "missing"
    return f"{key} is {found}, not {wanted}" if key in document else f"{key} is missing"


@check("api-31")
def what_is_implemented_is_listed(backend: Backend) -> Outcome:
    unlisted = [
        (method, path)
        for path, methods in ENDPOINTS.items()
        for method in methods.split()
        if path != "/" and not backend.lists(method, path)
    ]
    found = [asked(backend, *one) for one in unlisted if is_implemented(backend, *one)]
    return judged(
        [
            f"{one.text} {_listed_as(backend, one)}, but answers {one.answer.status}"
            for one in found
        ],
        "No endpoint of the openEO API answers that is not listed.",
        *[one.answer for one in found[:3]],
        Evidence(f"GET {backend.root}/", f"lists {len(backend.endpoints)} paths"),
        looked_at=f"{len(unlisted)} methods of paths that are not listed",
        hint="Add them to `endpoints` with every method that works.",
    )


def _listed_as(backend: Backend, one: Asked) -> str:
    """That it is not listed, or in other letters than clients look for."""
    methods = backend.endpoints.get(plain(one.path), set())
    like = [method for method in sorted(methods) if method.upper() == one.method]
    return f"is listed as '{like[0]}', not in capital letters" if like else "is not listed"


@check("api-32")
def what_is_listed_is_there(backend: Backend) -> Outcome:
    listed = [
        asked(backend, method, path)
        for path, methods in ENDPOINTS.items()
        for method in methods.split()
        if backend.lists(method, path)
    ]
    own = sorted(backend.endpoints.keys() - {plain(path) for path in ENDPOINTS})
    readable = [one for one in own if "{" not in one and backend.lists("GET", one)]
    listed += [asked(backend, "GET", path) for path in readable]
    bad = [one for one in listed if _is_broken(one)]
    return judged(
        [f"{one.text} is listed, but answers {one.answer.status}" for one in bad],
        f"{len(listed)} listed methods answer.",
        *[one.answer for one in bad[:3]],
        Evidence(f"GET {backend.root}/", f"lists {len(backend.endpoints)} paths"),
        looked_at=f"{len(listed)} listed methods, without a login; not "
        f"{len(own) - len(readable)} paths of the backend's own",
        hint="Mend them, or take them off `endpoints`.",
    )


def _is_broken(one: Asked) -> bool:
    """Whether something cannot be there. That an id is not found says nothing of its path."""
    status = one.answer.status
    if "{" in one.path:
        return status in {405, 501} or status >= 500
    return status in {404, 405, 410, 501} or status >= 500


@check("api-33", "api-version")
def the_api_version_is_recent(backend: Backend) -> Outcome:
    said = backend.capabilities.get("api_version")
    shown = Evidence(f"GET {backend.root}/", f"api_version: {given(said)}")
    version = numbers(said)
    hint = "Implement openEO API 1.2.0 or newer."
    if version[:1] != (1,) or version < (1, 1):
        return failed(f"The version is {given(said)}; 1.2.0 or newer is wanted.", shown, hint=hint)
    if version < (1, 2):
        return warned(f"{said} is tolerated; 1.2.0 or newer is wanted.", shown, hint=hint)
    return passed(f"openEO API {said}.", shown)


@check("api-34")
def the_stac_version_is_recent(backend: Backend) -> Outcome:
    said = backend.capabilities.get("stac_version")
    return stac_version([("GET /", said)], Evidence(f"GET {backend.root}/", f"{given(said)}"))


def stac_version(said: list[tuple[str, object]], shown: Evidence | Answer) -> Outcome:
    """The verdict on versions of STAC: 1.x passes, 0.9 is tolerated."""
    hint = "Use STAC 1.0.0 or 1.1.0."
    bad = [f"{where}: {given(what)}" for where, what in said if numbers(what) < (0, 9)]
    old = [f"{where}: {what}" for where, what in said if (0, 9) <= numbers(what) < (1,)]
    if bad:
        return failed(f"No STAC version of 0.9 or newer at {some(bad)}", shown, hint=hint)
    if old:
        return warned(f"Tolerated, but old: {some(old)}", shown, hint=hint)
    return passed(f"STAC {', '.join(sorted({str(what) for _, what in said}))}.", shown)


@check("api-35")
def there_is_billing(backend: Backend) -> Outcome:
    problem, shown = _billing(backend)
    return judged([problem] if problem else [], "`billing` has a currency.", shown)


@check("api-14")
def the_currency_is_credits(backend: Backend) -> Outcome:
    problem, shown = _billing(backend)
    if problem:
        return failed(f"{problem}.", shown)
    currency = backend.capabilities["billing"]["currency"]
    if not isinstance(currency, str) or currency.lower() != "credits":
        hint = "Bill in the credits of the federation: `currency: credits`."
        return failed(f"The currency is {given(currency)}, not credits.", shown, hint=hint)
    return passed("The currency is credits.", shown)


def _billing(backend: Backend) -> tuple[str, Evidence]:
    billing = backend.capabilities.get("billing")
    shown = Evidence(f"GET {backend.root}/", f"billing: {given(billing)}")
    if not isinstance(billing, Mapping):
        return "There is no object `billing`", shown
    if "currency" not in billing:
        return "`billing` has no `currency`; null is right where nothing costs anything", shown
    return "", shown


WAYS = {"batch jobs": "/jobs", "synchronous processing": "/result", "web services": "/services"}


def _ways(backend: Backend) -> tuple[list[str], Evidence]:
    found = [name for name, path in WAYS.items() if backend.lists("POST", path)]
    return found, Evidence(f"GET {backend.root}/", f"lists {', '.join(found) or 'none of them'}")


@check("api-701")
def there_is_a_way_of_processing(backend: Backend) -> Outcome:
    return _at_least(backend, 1)


@check("api-702")
def there_are_two_ways_of_processing(backend: Backend) -> Outcome:
    return _at_least(backend, 2)


def _at_least(backend: Backend, count: int) -> Outcome:
    found, shown = _ways(backend)
    says = f"Listed: {', '.join(found) or 'none'}"
    return judged([says] if len(found) < count else [], f"{says}.", shown)


@check("api-703")
def there_are_jobs_and_synchronous_processing(backend: Backend) -> Outcome:
    found, shown = _ways(backend)
    missing = [name for name in ("batch jobs", "synchronous processing") if name not in found]
    problems = [f"no {name} (POST {WAYS[name]})" for name in missing]
    return judged(problems, "Both are listed.", shown)


@check("api-60")
def the_conformance_can_be_read(backend: Backend) -> Outcome:
    answer = backend.get("/conformance")
    problems = [] if answer.ok else [f"GET /conformance answers {answer.status}"]
    return judged(problems, "It is there.", answer)


@check("api-61")
def the_conformance_is_valid(backend: Backend) -> Outcome:
    document = backend.optional_document("/conformance", "api-60")
    classes = document.get("conformsTo")
    good = isinstance(classes, list) and all(isinstance(one, str) for one in classes)
    shown = backend.get("/conformance")
    problems = [] if good else ["`conformsTo` is no array of texts"]
    return judged(problems, "It has an array `conformsTo`.", shown)


@check("api-90")
def the_health_is_told(backend: Backend) -> Outcome:
    tried = [backend.get("/health"), backend.get(f"{backend.host}/health")]
    for answer in tried:
        if answer.ok:
            return passed("Healthy.", answer)
        if answer.status >= 500 and answer.status != 501:
            return warned(f"Unhealthy at the time of this review ({answer.status}).", answer)
    said = " and ".join(str(one.status) for one in tried)
    hint = "Answer GET /health with 2xx or 5xx, without a login, below the API's root."
    return failed(f"GET /health answers {said}, below the API and at the host.", *tried, hint=hint)
