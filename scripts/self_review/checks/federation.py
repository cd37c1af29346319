"""The rules for aggregators: one endpoint in front of several backends."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from scripts.self_review.backend import Backend, Entry, objects
from scripts.self_review.findings import (
    Cause,
    Evidence,
    NotJudgedError,
    Outcome,
    could_not_tell,
    failed,
    judged,
    not_applicable,
    passed,
    warned,
)
from scripts.self_review.registry import check

EXTENSION = "https://api.openeo.org/extensions/federation/"
LISTS = {"/collections": "collections", "/processes": "processes"}


def members(backend: Backend) -> dict[str, Entry]:
    """The backends that the capabilities name, by id."""
    found = backend.capabilities.get("federation")
    entries = found.items() if isinstance(found, Mapping) else []
    return {str(key): one for key, one in entries if isinstance(one, Mapping)}


@check("federation-1")
def the_members_are_named(backend: Backend) -> Outcome:
    found = members(backend)
    shown = Evidence(f"GET {backend.root}/", f"federation: {', '.join(found) or 'missing'}")
    problems = [f"{key} has no url" for key, one in found.items() if not _is_url(one.get("url"))]
    problems += [] if len(found) >= 2 else [f"{len(found)} backends are named, not two or more"]
    return judged(problems, f"{len(found)} backends, each with its url.", shown)


def _is_url(value: object) -> bool:
    return isinstance(value, str) and value.startswith(("http://", "https://"))


@check("federation-2")
def the_extension_is_announced(backend: Backend) -> Outcome:
    said = backend.capabilities.get("conformsTo")
    classes = [str(one) for one in said] if isinstance(said, list) else []
    if not classes:
        said = backend.document("/conformance", "api-60").get("conformsTo")
        classes = [str(one) for one in said] if isinstance(said, list) else []
    good = [one for one in classes if one.startswith(EXTENSION)]
    shown = Evidence(f"GET {backend.root}/", ", ".join(good) or f"{len(classes)} other classes")
    if f"{EXTENSION}0.1.0" in good:
        return passed(f"It says {', '.join(good)}.", shown)
    if good:
        return warned(f"It says {', '.join(good)}; some clients look for 0.1.0.", shown)
    return failed("The conformance class of the federation extension is not listed.", shown)


@check("federation-3")
def missing_backends_are_told(backend: Backend) -> Outcome:
    away = {key for key, one in members(backend).items() if one.get("status") == "offline"}
    problems = []
    for path in (*LISTS, "/file_formats"):
        missing = backend.document(path).get("federation:missing", [])
        told = set(map(str, missing)) if isinstance(missing, list) else set()
        problems += [f"{path} does not name {one}" for one in sorted(away - told)]
        problems += [
            f"{path} names {one}, which is no member"
            for one in sorted(told - set(members(backend)))
        ]
    good = f"{', '.join(sorted(away))} is told everywhere." if away else "No backend is offline."
    if not away and not problems:
        return not_applicable(f"{good} Whether one that is would be told is not seen.")
    return judged(problems, good, looked_at="collections, processes, file formats")


@check("federation-4")
def supporters_are_told(backend: Backend) -> Outcome:
    known = set(members(backend))
    found = list(_supporters(backend))
    problems = [f"{where} is said to be of nobody" for where, ids in found if not ids]
    problems += [
        f"{where} names {one}" for where, ids in found for one in ids if known and one not in known
    ]
    return judged(
        problems, "Every `federation:backends` names members.", looked_at=f"{len(found)} places"
    )


def _supporters(backend: Backend) -> Iterator[tuple[str, list[str]]]:
    for path, key in LISTS.items():
        for one in objects(backend.document(path).get(key)):
            yield from _named(f"{path} {one.get('id')}", one)
    formats = backend.file_formats
    for direction in ("input", "output"):
        found = formats.get(direction)
        for key, one in found.items() if isinstance(found, Mapping) else []:
            if isinstance(one, Mapping):
                yield from _named(f"/file_formats {key}", one)


def _named(where: str, entry: Entry) -> Iterator[tuple[str, list[str]]]:
    summaries = entry.get("summaries")
    for place in (entry, summaries if isinstance(summaries, Mapping) else {}):
        found = place.get("federation:backends")
        if isinstance(found, list):
            yield where, list(map(str, found))


def _of_members(backend: Backend, path: str) -> dict[str, Entry]:
    """What each member answers at that path; raises NotJudgedError if one does not."""
    found = {}
    for key, one in members(backend).items():
        if _is_url(one.get("url")):
            found[key] = backend.document(f"{str(one['url']).rstrip('/')}{path}")
    if not found:
        says = "No member is named with its url (judged by federation-1)."
        raise NotJudgedError(could_not_tell(says, Cause.UNUSABLE))
    return found


@check("federation-5")
def processes_are_common_or_marked(backend: Backend) -> Outcome:
    lists = {k: _ids(d, "processes") for k, d in _of_members(backend, "/processes").items()}
    common = set.intersection(*lists.values())
    missing = sorted(common - backend.processes_by_id.keys())
    bare = [
        key
        for key, one in backend.processes_by_id.items()
        if key not in common and "federation:backends" not in one
    ]
    problems = [f"{one} is common to all, but not listed" for one in missing]
    problems += [f"{one} is not common to all, and nothing says of whom it is" for one in bare]
    extra = len(backend.processes_by_id.keys() - common)
    says = f"{len(common)} are common to all; {extra} others say of whom they are."
    return judged(problems, says, looked_at=f"the lists of {', '.join(lists)}")


@check("federation-6")
def formats_are_the_union(backend: Backend) -> Outcome:
    documents = _of_members(backend, "/file_formats")
    problems = []
    for direction in ("input", "output"):
        union = {n.lower() for d in documents.values() for n in _keys(d, direction)}
        own = {n.lower() for n in _keys(backend.file_formats, direction)}
        problems += [f"{one} ({direction}) is missing" for one in sorted(union - own)]
    return judged(problems, "It is the union.", looked_at=f"the lists of {', '.join(documents)}")


def _ids(document: Entry, key: str) -> set[str]:
    return {str(one["id"]) for one in objects(document.get(key)) if "id" in one}


def _keys(document: Entry, key: str) -> list[str]:
    found = document.get(key)
    return list(map(str, found)) if isinstance(found, Mapping) else []
