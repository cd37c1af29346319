"""What views need of a request: use cases, the view of the federation, who asks, the body."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import orjson
from flask import current_app, request
from werkzeug.exceptions import ClientDisconnected, RequestEntityTooLarge

from aggregator.documents import is_nested_within, is_object
from aggregator.errors import ContentTypeInvalid, NotFound, UnsupportedApiVersion
from aggregator.usecases.accounts import Access
from aggregator.usecases.federation import Federation
from aggregator.usecases.views import View
from aggregator.web.addresses import BACKEND, FAULT
from aggregator.web.errors import RequestInvalid

EXTENSION = "federation"
# Levels of JSON in JSON that a body may have: what is written can be a little deeper.
NESTING = 200
# Entries of a page.
MOST = 100_000
# Of a body that is read at once; a server reads ahead as much before it gives a request a thread.
SMALL = 64 * 1024
# Of a query parameter that goes on to a backend, and of all: backends' servers take little more.
VALUE_LENGTH = 1000
QUERY_LENGTH = 3000
LEVELS = ("error", "warning", "info", "debug")


def federation() -> Federation:
    """The use cases of this app."""
    found: Federation = current_app.extensions[EXTENSION]
    return found


def check_address() -> None:
    """An error if the prefix of the address names a version or backend that there is not."""
    kind, name = request.environ.get(FAULT, ("", ""))
    if kind == "version":
        raise UnsupportedApiVersion(name[:20], "Version 1.3 is, under /openeo/1.3.")
    if kind == "backend":
        known = ", ".join(federation().settings.order)
        raise NotFound(f"There is no backend '{name[:50]}' in this federation; there are: {known}.")


def view() -> View:
    """The view of the federation that the request's address asks for."""
    return federation().view(request.environ.get(BACKEND))


def who() -> Access:
    """Who asks; an error if nobody is logged in. Nothing of theirs may go to members yet."""
    return federation().accounts.access(request.headers.get("Authorization"), view())


def access() -> Access:
    """Who asks, for whom the members may work; an error if nobody is logged in, or they may not."""
    found = who()
    federation().admission.admit(found)
    return found


def access_if_any() -> Access | None:
    """Who asks, if the request says so."""
    return access() if "Authorization" in request.headers else None


def body(mended: Callable[[bytes], bytes] | None = None) -> dict[str, Any]:
    """The JSON object in the request's body, which if it is none may be `mended` to be one."""
    data = _received()
    kind = request.mimetype
    if kind and kind != "application/json" and not kind.endswith("+json"):
        raise ContentTypeInvalid("application/json")
    document = _parsed(data, mended)
    if not is_object(document):
        raise RequestInvalid("The body of the request must be a JSON object.")
    if not is_nested_within(document, NESTING):
        raise RequestInvalid(
            f"The body of the request is nested more than {NESTING} levels deep, which is the most "
            "that is accepted."
        )
    return dict(document)


def _parsed(data: bytes, mended: Callable[[bytes], bytes] | None) -> Any:
    """What is written in JSON; an error that says where it is none."""
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError as error:
        if mended is not None:
            return _parsed(mended(data), None)
        said = f"The body of the request is not JSON: {_mistake(error)}."
    coding = request.headers.get("Content-Encoding", "identity")
    if coding.lower() != "identity":
        said = (
            f"The body of the request comes compressed (Content-Encoding: {coding[:50]}), which is "
            "not read here. Send it as it is."
        )
    elif not _is_utf8(data):
        said = "The body of the request is not JSON: it is not text in UTF-8."
    raise RequestInvalid(said)


def parsed(name: str, value: str) -> object:
    """What a query parameter says in JSON; an error that says where it is none."""
    try:
        found: object = orjson.loads(value)
    except orjson.JSONDecodeError as error:
        said = f"The parameter '{name}' is not JSON: {_mistake(error)}."
        raise RequestInvalid(said) from error
    return found


def _mistake(error: orjson.JSONDecodeError) -> str:
    """What is wrong, in plain words where the reader's own mislead."""
    place = f"line {error.lineno} column {error.colno}"
    too_deep = error.msg in ("failed to allocate memory", "depth limit exceeded")
    return f"it is nested too deeply at {place}" if too_deep else str(error)


def _is_utf8(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return True


def _received() -> bytes:
    """The body as it was sent; an error if the client stops before its end or breaks its form."""
    try:
        data = _small() or request.get_data(cache=False)
    except (OSError, ClientDisconnected) as error:
        raise RequestInvalid(
            "The body of the request did not come whole: it breaks off, or is not in the chunks "
            "that its header Transfer-Encoding announces."
        ) from error
    announced = request.content_length
    if announced is None:
        if len(data) >= (request.max_content_length or len(data) + 1):
            raise RequestEntityTooLarge  # of a body in chunks only so much has been read
    elif len(data) < announced:
        raise RequestInvalid("The body of the request ends before its announced length.")
    return data


def _small() -> bytes:
    """The body if it is a small one that comes at once, without the layers that larger ones need.

    Empty otherwise.
    """
    length = request.content_length or 0
    if not 0 < length <= min(SMALL, request.max_content_length or SMALL):
        return b""
    data: bytes = request.environ["wsgi.input"].read(length)
    return data


def parameters() -> dict[str, str]:
    """The query parameters; an error if one is given twice, of which only one would count."""
    for name, values in request.args.lists():
        if len(values) > 1:
            raise RequestInvalid(
                f"The query parameter '{name[:50]}' is given more than once. Give it once."
            )
    return request.args.to_dict()


def limit() -> int | None:
    """The query parameter `limit`, of which no more is taken than a page can have."""
    given = parameters().get("limit", "")
    if not given:
        return None
    digits = given.lstrip("0") if given.isascii() and given.isdigit() else ""
    if not digits:
        raise RequestInvalid("The query parameter 'limit' must be a whole number, 1 or more.")
    return int(digits) if len(digits) < len(str(MOST)) else MOST


def query() -> dict[str, str]:
    """The query parameters, all of which go on to a backend; an error if it could not take them."""
    found = parameters()
    for name, value in found.items():
        if len(name) + len(value) > VALUE_LENGTH:
            raise RequestInvalid(
                f"The query parameter '{name[:50]}' is {len(value)} characters long; names and "
                f"values together may have {VALUE_LENGTH}."
            )
    if len(request.query_string) > QUERY_LENGTH:
        raise RequestInvalid(
            f"The query is {len(request.query_string)} characters long; {QUERY_LENGTH} is the most."
        )
    limit()
    if found.get("level") and found["level"] not in LEVELS:
        raise RequestInvalid(f"The query parameter 'level' must be one of {', '.join(LEVELS)}.")
    return found
