"""Reading and writing JSON, links and pages."""

from collections.abc import Mapping
from typing import Any, Final, cast
from urllib.parse import urlencode

import orjson
from flask import Response, request

from backends.errors import OpenEOError
from backends.web.backend import backend

JSON: Final = "application/json"
MAX_DEPTH: Final = 200
MAX_LIMIT: Final = 10_000


def json_response(
    document: object, status: int = 200, *, media_type: str = JSON, revalidate: bool = False
) -> Response:
    """The document as response; with ``revalidate``, unchanged ones are not sent again."""
    response = Response(orjson.dumps(document), status, content_type=media_type)
    if revalidate:
        response.add_etag()
        response.make_conditional(request)
    return response


def empty_response(status: int, headers: Mapping[str, str] | None = None) -> Response:
    """A response without a body, and so without a media type."""
    response = Response(status=status, headers=headers)
    response.headers.remove("Content-Type")
    return response


def link(rel: str, path: str, title: str | None = None, media_type: str = JSON) -> dict[str, str]:
    """A link to a path of this backend's API."""
    return web_link(rel, f"{backend().profile.api_url}{path}", title, media_type)


def web_link(
    rel: str, href: str, title: str | None = None, media_type: str | None = None
) -> dict[str, str]:
    """A link to anywhere."""
    given = {"rel": rel, "href": href, "type": media_type, "title": title}
    return {key: value for key, value in given.items() if value is not None}


def next_link(path: str, **query: object) -> dict[str, str]:
    """The link to the next page."""
    return link("next", f"{path}?{urlencode(query)}", "next page")


def json_object() -> dict[str, Any]:
    """The body of the request, which must be a JSON object."""
    if request.mimetype != JSON and not request.mimetype.endswith("+json"):
        sent = f"'{request.mimetype}'" if request.mimetype else "no media type"
        raise OpenEOError(
            "ContentTypeInvalid", f"The body was sent with {sent}; it must be '{JSON}'."
        )
    try:
        document = orjson.loads(request.get_data(cache=False))
    except orjson.JSONDecodeError as error:
        raise OpenEOError("RequestInvalid", f"The body is no valid JSON: {error}.") from None
    if not isinstance(document, dict):
        raise OpenEOError("RequestInvalid", "The body must be a JSON object.")
    _check_depth(document)
    return cast(dict[str, Any], document)


def limit_parameter() -> int | None:
    """The query parameter ``limit``; None where it is left out."""
    limit = number_parameter("limit", least=1)
    return None if limit is None else min(limit, MAX_LIMIT)


def number_parameter(name: str, *, least: int = 0) -> int | None:
    """A query parameter that must be a whole number; None where it is left out."""
    text = request.args.get(name, "")
    if text == "":
        return None
    if not (text.isascii() and text.isdecimal() and len(text) < 16 and int(text) >= least):
        raise OpenEOError(
            "RequestInvalid",
            f"The query parameter '{name}' must be a whole number of at least {least}.",
        )
    return int(text)


def flag_parameter(name: str) -> bool:
    """A query parameter that is true or false; without a value it is true."""
    text = request.args.get(name)
    if text is None:
        return False
    if text.lower() not in ("", "true", "false"):
        raise OpenEOError("RequestInvalid", f"The query parameter '{name}' is true or false.")
    return text.lower() != "false"


def without_none(document: Mapping[str, Any]) -> dict[str, Any]:
    """The document without the keys that have no value."""
    return {key: value for key, value in document.items() if value is not None}


def _check_depth(document: object) -> None:
    level: list[object] = [document]
    for _ in range(MAX_DEPTH):
        deeper: list[object] = []
        for value in level:
            if isinstance(value, dict):
                deeper += value.values()
            elif isinstance(value, list):
                deeper += value
        if not deeper:
            return
        level = deeper
    raise OpenEOError("RequestInvalid", f"The body is nested deeper than {MAX_DEPTH} levels.")
