"""GET /collections and each collection by itself, as the openEO API profiles want them."""

from __future__ import annotations

from collections.abc import Callable

from scripts.self_review import stac
from scripts.self_review.backend import Backend, Entry, link, read_object
from scripts.self_review.checks.capabilities import stac_version
from scripts.self_review.findings import (
    Cause,
    Evidence,
    Outcome,
    could_not_tell,
    failed,
    judged,
    passed,
    shown_answer,
    some,
    warned,
)
from scripts.self_review.lists import full, nulls, paged, public, valid_list
from scripts.self_review.probe.answer import NotJsonError
from scripts.self_review.registry import check

PATH = "/collections"
API = "api.stacspec.org/"
NULLABLE = frozenset(
    {"interval", "extent", "step", "values", "summaries", "nodata", "unit", "default"}
    | {"reference_system", "classification:classes"}
)
Problem = Callable[[Entry], str]


@check("api-300")
def the_list_is_valid(backend: Backend) -> Outcome:
    return valid_list(backend.get(PATH), ("collections", "links"), "api-301")


@check("api-301")
def anybody_may_read_it(backend: Backend) -> Outcome:
    return public(backend.get(PATH))


@check("api-303")
def the_list_has_a_recent_stac(backend: Backend) -> Outcome:
    said = [(name(one), one.get("stac_version")) for one in backend.collections]
    shown = Evidence(f"GET {backend.root}{PATH}", f"{len(said)} collections")
    if all(what is None for _, what in said) and said:
        says = "No collection says its stac_version (judged by api-307)."
        return could_not_tell(says, Cause.UNUSABLE, shown)
    return stac_version([one for one in said if one[1] is not None], shown)


@check("api-304")
def it_conforms_to_stac_api(backend: Backend) -> Outcome:
    answer = backend.get("/")
    said = backend.capabilities.get("conformsTo")
    classes = [str(one) for one in said] if isinstance(said, list) else _conformance(backend)
    good = [one for one in classes if API in one and one.rstrip("/").endswith("/collections")]
    hint = "List https://api.stacspec.org/v1.0.0/collections in `conformsTo`, if you conform."
    problems = [] if good else ["STAC API Collections is not in `conformsTo`"]
    return judged(
        problems,
        f"It says {', '.join(good)}.",
        shown_answer(answer, f"{len(classes)} classes"),
        hint=hint,
    )


def _conformance(backend: Backend) -> list[str]:
    document = read_object(backend.get("/conformance")) or {}
    said = document.get("conformsTo")
    return [str(one) for one in said] if isinstance(said, list) else []


@check("api-305")
def the_list_is_paged(backend: Backend) -> Outcome:
    return paged(backend, PATH, "collections", "api-300")


@check("api-306")
def without_limit_it_is_whole(backend: Backend) -> Outcome:
    return full(backend, PATH, "collections", "api-300")


def of_listed(backend: Backend, problem: Problem, good: str, hint: str = "") -> Outcome:
    """Judges each entry of the list."""
    entries = backend.collections
    sampled = f"all {len(entries)} entries of the list"
    return judged(
        _problems(entries, problem), good, _seen(backend, entries), looked_at=sampled, hint=hint
    )


def of_each(backend: Backend, problem: Problem, good: str, hint: str = "") -> Outcome:
    """Judges the sampled collections by themselves."""
    entries = backend.full_collections()
    sampled = backend.looked_at()
    return judged(
        _problems(entries, problem), good, _seen(backend, entries), looked_at=sampled, hint=hint
    )


def _problems(entries: list[Entry], problem: Problem) -> list[str]:
    return [f"{name(one)}: {said}" for one in entries if (said := problem(one))]


def _seen(backend: Backend, entries: list[Entry]) -> Evidence:
    return Evidence(f"GET {backend.root}{PATH}", f"{len(entries)} collections looked at")


def name(collection: Entry) -> str:
    return str(collection.get("id", "a collection without id"))


@check("api-307")
def every_entry_is_valid(backend: Backend) -> Outcome:
    hint = "Judged by rules after STAC 1.0 and 1.1 that come along, not by the official schemas."
    return of_listed(backend, _invalid, "Every entry is valid.", hint)


def _invalid(collection: Entry) -> str:
    return some(stac.problems(collection)).rstrip(".") if stac.problems(collection) else ""


@check("api-308")
def licences_can_be_found(backend: Backend) -> Outcome:
    hint = "Use an SPDX identifier, or add a link with rel=license."
    return of_listed(backend, _no_licence, "Each is of SPDX or has a link.", hint)


def _no_licence(collection: Entry) -> str:
    licence = collection.get("license")
    if licence is None or stac.is_spdx(licence) or link(collection, "license"):
        return ""
    return f"{licence!r} is not of SPDX, and there is no link to a license"


@check("api-309")
def every_collection_has_title_and_keywords(backend: Backend) -> Outcome:
    return of_listed(backend, _untitled, "Each has a title and keywords.")


def _untitled(collection: Entry) -> str:
    missing = [] if isinstance(collection.get("title"), str) else ["title"]
    keywords = collection.get("keywords")
    missing += [] if isinstance(keywords, list) and keywords else ["keywords"]
    return f"no {' and no '.join(missing)}" if missing else ""


@check("api-313")
def what_is_absent_is_left_out(backend: Backend) -> Outcome:
    hint = "Leave a property out in place of setting it to null."
    said = "Nothing is null that the API does not allow to be."
    return of_listed(backend, lambda one: ", ".join(nulls(one, NULLABLE)[:3]), said, hint)


@check("api-311")
def flags_are_booleans(backend: Backend) -> Outcome:
    return of_listed(backend, _odd_flags, "The flags that are there are booleans.")


def _odd_flags(collection: Entry) -> str:
    odd = [
        key
        for key in ("experimental", "deprecated")
        if key in collection and not isinstance(collection[key], bool)
    ]
    return f"{', '.join(odd)} is no boolean" if odd else ""


@check("api-320")
def each_is_found_by_its_id(backend: Backend) -> Outcome:
    problems = []
    for wanted, answer in backend.sampled():
        found = read_object(answer)
        if answer.status in {401, 403}:
            continue  # api-322
        if found is None:
            problems.append(f"{wanted}: {answer.status}")
        elif found.get("id", wanted) != wanted:
            problems.append(f"{wanted}: the document has the id {found.get('id')}")
    bad = [answer for _, answer in backend.sampled() if not answer.ok][:2]
    shown = bad or [answer for _, answer in backend.sampled()][:1]
    brief = [shown_answer(one, f"{len(one.body):,} bytes") for one in shown]
    return judged(problems, "Each is found.", *brief, looked_at=backend.looked_at())


@check("api-322")
def anybody_may_read_each(backend: Backend) -> Outcome:
    refused = [(key, answer) for key, answer in backend.sampled() if answer.status in {401, 403}]
    problems = [f"{key}: {answer.status}" for key, answer in refused]
    shown = [answer for _, answer in refused][:2]
    return judged(problems, "No login is needed.", *shown, looked_at=backend.looked_at())


@check("api-321")
def each_is_valid_with_dimensions_and_summaries(backend: Backend) -> Outcome:
    return of_each(backend, _incomplete, "Each is valid, with cube:dimensions and summaries.")


def _incomplete(collection: Entry) -> str:
    missing = [
        f"no {key}"
        for key in ("cube:dimensions", "summaries")
        if not isinstance(collection.get(key), dict)
    ]
    return "; ".join([*missing, *stac.problems(collection)][:3])


@check("api-325")
def extensions_are_declared(backend: Backend) -> Outcome:
    hint = "Name every extension whose fields occur in `stac_extensions`."
    return of_each(backend, undeclared, "All extensions whose fields occur are named.", hint)


def undeclared(collection: Entry) -> str:
    found = stac.undeclared(collection)
    return f"not declared: {', '.join(found)}" if found else ""


@check("api-326")
def dimensions_are_described(backend: Backend) -> Outcome:
    return of_each(backend, implausible, "Each describes its dimensions plausibly.")


def implausible(collection: Entry) -> str:
    """What cannot be true of the dimensions of a collection."""
    found = stac.dimensions(collection)
    if not found:
        return "no cube:dimensions"
    axes = stac.axes(collection)
    kinds = {str(one.get("type")) for one in found.values()}
    if axes & {"x", "y"} and not {"x", "y"} <= axes:
        return "only one of the dimensions x and y"
    if not axes and not kinds & {"geometry", "geometries"}:
        return "no spatial dimension"
    for key, one in found.items():
        extent = one.get("extent")
        if one.get("type") == "spatial" and _is_reversed(extent, one.get("axis")):
            return f"the extent of {key} ends before it begins"
    return ""


def _is_reversed(extent: object, axis: object) -> bool:
    if not isinstance(extent, list) or len(extent) != 2 or axis == "x":
        return False  # x may cross the antimeridian
    low, high = extent
    return isinstance(low, int | float) and isinstance(high, int | float) and low > high


@check("api-327")
def the_host_is_named(backend: Backend) -> Outcome:
    hint = "Add a provider with the role host: who serves the data here."
    return of_each(backend, _no_host, "Each names who hosts it.", hint)


def _no_host(collection: Entry) -> str:
    has_host = any("host" in one for one in stac.roles(collection))
    return "" if has_host else "no provider has the role host"


@check("api-330")
def queryables_are_schemas(backend: Backend) -> Outcome:
    listed = [key for key, _ in backend.sampled()][:5]
    answers = {key: backend.get(f"{PATH}/{key}/queryables") for key in listed}
    good = {}
    problems = []
    for key, answer in answers.items():
        try:
            document = answer.object() if answer.ok else None
        except NotJsonError as error:
            problems.append(f"{key}: {error}")
            continue
        if document is not None and isinstance(document.get("properties"), dict):
            good[key] = document
    if not good:
        first = next(iter(answers.values()), None)
        shown = [first] if first is not None else []
        return failed("No collection has queryables with `properties`.", *shown)
    missing = [key for key in listed if key not in good]
    says = f"{len(good)} of {len(listed)} have queryables"
    looked_at = f"{len(listed)} of {len(backend.collections)} collections"
    if missing or problems:
        return warned(f"{says}; not {', '.join(missing)}.", looked_at=looked_at)
    return passed(f"{says}.", *list(answers.values())[:1], looked_at=looked_at)
