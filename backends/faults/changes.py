"""What rules are broken with: small changes of documents, headers and statuses.

Places in a document are written as keys parted by slashes; `*` stands for every key or element.
A place that a document does not have is left alone.
"""

import copy
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any, Final

import orjson

from backends.faults.exchange import (
    OPEN,
    Answered,
    Ask,
    Asked,
    header,
    is_json,
    refusal,
    whole,
    with_body,
    with_header,
)
from backends.faults.rule import ANY, EVERYTHING, FAILED, FINE, Part, Request, Response

Change = Callable[[Any], None]
Value = Callable[[Any], Any]

READ: Final = ("GET",)


def on(
    path: str, *changes: Change, methods: tuple[str, ...] = READ, statuses: range = FINE
) -> Part:
    """JSON answers of that path are changed."""
    return Part(methods, path, document(*changes), statuses=statuses)


def at_both(path: str, key: str, *changes: Callable[[str], Change]) -> tuple[Part, Part]:
    """The entries under `key` of a listing, and each document by itself, are changed alike.

    Each change is made for the place at which the documents are.
    """
    listed = [change(f"{key}/*/") for change in changes]
    alone = [change("") for change in changes]
    return on(path, *listed), on(f"{path}/{{id}}", *alone)


def document(*changes: Change) -> Response:
    """Change the JSON of an answer; one that is no JSON stays as it is."""

    def response(_: Asked, answered: Answered) -> Answered:
        if not is_json(answered):
            return answered
        body = whole(answered)
        try:
            found = orjson.loads(body)
        except orjson.JSONDecodeError:
            return with_body(answered, body)
        for change in changes:
            change(found)
        return with_body(answered, orjson.dumps(found))

    return response


def places(found: Any, path: str) -> Iterator[tuple[Any, Any]]:
    """The containers and keys that a path leads to."""
    first, _, rest = path.partition("/")
    for key in _keys(found, first):
        if rest:
            yield from places(found[key], rest)
        else:
            yield found, key


def _keys(found: Any, name: str) -> list[Any]:
    if isinstance(found, dict):
        return list(found) if name == "*" else [name] if name in found else []
    if isinstance(found, list) and name == "*":
        return list(range(len(found)))
    return []


def removed(*paths: str) -> Change:
    """Without what is at these places."""

    def change(found: Any) -> None:
        for path in paths:
            for container, key in reversed(list(places(found, path))):
                del container[key]

    return change


def mapped(path: str, value: Value) -> Change:
    """With something else, made from what was there."""

    def change(found: Any) -> None:
        for container, key in places(found, path):
            container[key] = value(container[key])

    return change


def put(path: str, value: Any) -> Change:
    """With that value, also where there was none; what is above must be there."""
    above, _, last = path.rpartition("/")

    def change(found: Any) -> None:
        found_above = [c[k] for c, k in places(found, above)] if above else [found]
        for container in found_above:
            if isinstance(container, dict):
                container[last] = copy.deepcopy(value)

    return change


def without(path: str, unwanted: Callable[[Any], bool]) -> Change:
    """Without the elements of a list, or the values of an object, that are unwanted."""

    def kept(found: Any) -> Any:
        if isinstance(found, dict):
            return {key: value for key, value in found.items() if not unwanted(value)}
        return [value for value in found if not unwanted(value)]

    return mapped(path, kept)


def renamed(path: str, name: Callable[[str], str]) -> Change:
    """With other keys in the object at that place, in the same order."""
    return mapped(path, lambda found: {name(key): value for key, value in found.items()})


def halved(path: str) -> Change:
    """With only the first half of a list, at least one less."""
    return mapped(path, lambda found: found[: len(found) // 2])


def answers(status: int, code: str, message: str, *headers: tuple[str, str]) -> Request:
    """Answer with an error in place of what is right."""
    return lambda *_: refusal(status, code, message, headers)


def missing(path: str, *methods: str, protected: bool = False) -> Part:
    """The endpoint is not there; who may not see a protected one is told so, as ever."""
    request = answers(404, "NotFound", "There is nothing here.")
    return Part(methods, path, request=if_let_in(request) if protected else request)


def refused(path: str, *methods: str) -> Part:
    """The protected endpoint is there and does not work."""
    request = answers(500, "Internal", "This does not work here.")
    return Part(methods, path, request=if_let_in(request))


def if_let_in(request: Request) -> Request:
    """Only for those who are logged in: others are turned away as they would be."""

    def for_users(asked: Asked, ask: Ask) -> Asked | Answered:
        account = ask(replace(asked, method="GET", path="/me", query="", body=b""))
        return asked if account.status in (401, 403) else request(asked, ask)

    return for_users


def needs_token(path: str) -> Part:
    """Who has no token is turned away."""
    turned_away = answers(401, "AuthenticationRequired", "Log in first.")
    return Part(
        READ, path, request=lambda asked, ask: _unless(asked.authorization, turned_away, asked, ask)
    )


def refuses_token(path: str, *methods: str) -> Part:
    """Who has a token is turned away."""
    turned_away = answers(403, "TokenInvalid", "The access token is not valid.")
    return Part(
        methods or READ,
        path,
        request=lambda asked, ask: _unless(not asked.authorization, turned_away, asked, ask),
    )


def _unless(fine: object, otherwise: Request, asked: Asked, ask: Ask) -> Asked | Answered:
    return asked if fine else otherwise(asked, ask)


def with_status(path: str, status: int, *methods: str, statuses: range = FINE) -> Part:
    """The answer has another status."""
    return Part(
        methods, path, lambda _, answered: replace(answered, status=status), statuses=statuses
    )


def headers(
    *names: str, path: str = EVERYTHING, methods: tuple[str, ...] = (), statuses: range = ANY
) -> Part:
    """Headers are left out."""

    def response(_: Asked, answered: Answered) -> Answered:
        for name in names:
            answered = with_header(answered, name, None)
        return answered

    return Part(methods, path, response, statuses=statuses)


def header_as(name: str, value: Callable[[str], str], path: str, *methods: str) -> Part:
    """A header that is there has another value."""

    def response(_: Asked, answered: Answered) -> Answered:
        before = header(answered, name)
        return with_header(answered, name, value(before)) if before else answered

    return Part(methods, path, response)


def accepted(
    path: str, method: str, answer: Callable[[Asked], Answered], only: tuple[int, ...]
) -> Part:
    """Requests that are refused with one of these statuses are taken."""

    def response(asked: Asked, answered: Answered) -> Answered:
        return answer(asked) if answered.status in only else answered

    return Part((method,), path, response, statuses=FAILED)


def empty(status: int, *more: tuple[str, str]) -> Answered:
    """An answer without a body."""
    return Answered(status, (*OPEN, ("Content-Length", "0"), *more))
