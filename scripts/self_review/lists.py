"""What all lists of the openEO API have in common."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence

from scripts.self_review.backend import MOST_PAGES, Backend, Entry, link, listing, objects, usable
from scripts.self_review.findings import (
    Cause,
    Evidence,
    Outcome,
    could_not_tell,
    failed,
    judged,
    not_applicable,
    passed,
    shown_answer,
)
from scripts.self_review.probe.answer import Answer, NotJsonError, kind

PAGE = 3
SMALLEST = 2
"""Limits that pages are asked for with."""


def valid_list(answer: Answer, arrays: Sequence[str], public_by: str = "") -> Outcome:
    """Whether a list is a JSON object with these arrays of objects."""
    if public_by and answer.status in {401, 403}:
        says = f"It wants a login (judged by {public_by})."
        return could_not_tell(says, Cause.UNUSABLE, answer)
    if not answer.ok:
        return failed(f"It answers {answer.status}.", answer)
    try:
        document = answer.object()
    except NotJsonError as error:
        return failed(f"{error}.", answer)
    problems = list(_array_problems(document, arrays))
    sizes = ", ".join(
        f"{len(document[one])} {one}" for one in arrays if isinstance(document.get(one), list)
    )
    return judged(problems, f"It has {sizes}.", shown_answer(answer, sizes))


def _array_problems(document: Entry, arrays: Sequence[str]) -> Iterator[str]:
    for one in arrays:
        value = document.get(one)
        if not isinstance(value, list):
            yield f"{one} is {kind(value)}, not an array" if one in document else f"no array {one}"
        elif len(objects(value)) < len(value):
            yield f"{one} has entries that are no objects"


def there(backend: Backend, path: str) -> Outcome:
    """Whether something answers at its path, if only that a login is needed."""
    answer = backend.get(path)
    good = backend.is_there(path) and answer.status < 500
    problems = [] if good else [f"GET {path} answers {answer.status}"]
    return judged(problems, "It is there.", answer)


def each_defined(
    backend: Backend, path: str, owner: str, problem: Callable[[Entry], str]
) -> Outcome:
    """Whether a document defines by name what it has to, and nothing of it has that problem.

    Names with a colon are those of extensions, such as `federation:missing`.
    """
    document = backend.optional_document(path, owner)
    named = {name: one for name, one in document.items() if ":" not in name}
    shown = Evidence(f"GET {backend.root}{path}", ", ".join(named) or "an empty object")
    if not named:
        return not_applicable("It defines nothing.", shown)
    problems = [
        f"{name}: {said}"
        for name, one in named.items()
        if (said := problem(one) if isinstance(one, dict) else f"it is {kind(one)}")
    ]
    return judged(problems, "Each has it.", shown, looked_at=f"{len(named)} entries")


def public(answer: Answer) -> Outcome:
    """Whether anybody may read it. What else is wrong with it is judged elsewhere."""
    refused = answer.status in {401, 403}
    says = f"It answers {answer.status} to those without a login"
    hint = "Let anybody read it; clients do before they log in."
    return judged([says] if refused else [], "No login is needed.", answer, hint=hint)


def full(backend: Backend, path: str, name: str, owner: str, *, user: bool = False) -> Outcome:
    """Whether the list without `limit` is whole: no further page, and no entry found by paging."""
    document = (backend.user_document if user else backend.document)(path, owner)
    listed = ids(listing(document, path, name, owner))
    onwards = link(document, "next")
    if onwards is not None:
        return failed(f"Without `limit` there is a next page: {onwards}.")
    paged_ids = ids(_walk(backend, path, name, owner, user=user, listed=len(listed)))
    missing = sorted(set(paged_ids) - set(listed))
    if missing and user:
        # What was made meanwhile, by this review or by others, is in the list by now.
        again = usable(backend.send("GET", path), owner)
        missing = sorted(set(missing) - set(ids(listing(again, path, name, owner))))
        missing = [one for one in missing if backend.send("GET", f"{path}/{one}").ok]
    return judged(
        [f"{one} is found page by page only" for one in missing],
        f"All {len(listed)} are listed at once.",
        looked_at=f"{len(listed)} entries without `limit`, {len(paged_ids)} page by page",
    )


def _walk(
    backend: Backend, path: str, name: str, owner: str, *, user: bool, listed: int
) -> list[Entry]:
    """The entries on pages of half of what was listed; as they come if `limit` is not heeded."""
    get = backend.get_as_user if user else backend.get
    answer = get(path, limit=max(listed // 2, SMALLEST))
    if not answer.ok:
        return []
    found: list[Entry] = []
    for _ in range(MOST_PAGES):
        document = usable(answer, owner)
        found += objects(document.get(name))
        onwards = link(document, "next")
        if onwards is None:
            break
        answer = get(onwards)
    return found


def ids(entries: Sequence[object]) -> list[str]:
    """What identifies each entry: its id, or its path where entries are files."""
    return [
        str(one.get("id", one.get("path")))
        for one in objects(list(entries))
        if "id" in one or "path" in one
    ]


def paged(backend: Backend, path: str, name: str, owner: str, *, user: bool = False) -> Outcome:
    """Whether `limit` gives pages that lead on to others."""
    ask = backend.user_document if user else backend.document
    whole = ids(listing(ask(path, owner), path, name, owner))
    get = backend.get_as_user if user else backend.get
    limit = min(PAGE, max(len(whole) - 1, 1))
    answer = get(path, limit=limit)
    document = usable(answer, owner)
    first = ids(objects(document.get(name)))
    shown = shown_answer(answer, f"{len(first)} entries, next: {link(document, 'next')}")
    if len(first) > limit:
        hint = "Heed `limit` and link to the next page."
        return failed(f"With limit={limit} it lists {len(first)} entries.", shown, hint=hint)
    if len(whole) <= limit:
        return passed(f"There are only {len(whole)} entries; one page holds them.", shown)
    onwards = link(document, "next")
    if onwards is None:
        return failed(f"With limit={limit} there is no link to the next page.", shown)
    second = ids(objects(usable(get(onwards), owner).get(name)))
    again = [one for one in second if one in first]
    problems = [f"the next page has {one} again" for one in again]
    problems += [] if second else ["the next page is empty"]
    return judged(problems, f"limit={limit} gives pages that lead on.", shown)


def nulls(document: object, allowed: Collection[str], where: str = "") -> list[str]:
    """The places that are null, but below a property that may be or hold anything."""
    if isinstance(document, dict):
        return [
            found
            for key, value in document.items()
            if key not in allowed
            for found in (
                [f"{where}{key} is null"]
                if value is None
                else nulls(value, allowed, f"{where}{key}.")
            )
        ]
    if isinstance(document, list):
        return [found for one in document for found in nulls(one, allowed, where)]
    return []
