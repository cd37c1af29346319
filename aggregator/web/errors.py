"""One shape for every error: `id`, `code`, `message`, perhaps `links`; the `id` is in the log."""

# ruff: noqa: N818 -- the classes bear the names of their codes

from __future__ import annotations

import logging
import random

import orjson
from flask import Flask, Response, g, has_request_context, request
from werkzeug.exceptions import HTTPException

from aggregator.errors import BackendError, Internal, NotFound, OpenEOError
from aggregator.identity.secrets import REMOVED, for_logs, without_credentials
from aggregator.ids import CursorError

LOG = logging.getLogger(__name__)

# Characters of a token; shorter ones could be any word.
TELLING = 8


class RequestInvalid(OpenEOError, status=400):
    """The request cannot be read."""

    wording = "The request cannot be read."


class RequestTooLarge(OpenEOError, status=413):
    """The body is larger than is accepted."""

    def __init__(self, limit: int) -> None:
        super().__init__(f"The body of the request is too large: at most {limit} bytes are read.")


class MethodNotAllowed(OpenEOError, status=405):
    """There is something at the address, but not for this method."""


def install(app: Flask, max_bytes: int) -> None:
    """Give every error of the app that shape."""

    @app.errorhandler(OpenEOError)
    def known(error: OpenEOError) -> Response:
        LOG.info("%s: %s %s", reference(), error.code, _for_the_log(error))
        return answer(error)

    @app.errorhandler(CursorError)
    def led_nowhere(_: CursorError) -> Response:
        wanted = "The query parameter 'next' must come from a link of a page before."
        return answer(RequestInvalid(wanted))

    @app.errorhandler(HTTPException)
    def routed(error: HTTPException) -> Response:
        return answer(_translated(error, request.max_content_length or max_bytes))

    @app.errorhandler(Exception)
    def unknown(error: Exception) -> Response:
        path = in_one_line(request.path)
        LOG.error("%s: %s %s failed", reference(), request.method, path, exc_info=error)
        return answer(Internal(f"please report the reference {reference()}."))


def reference() -> str:
    """The id of this request, in its answer, its errors and the log."""
    if "reference" not in g:
        g.reference = new_reference()
    return str(g.reference)


def new_reference() -> str:
    """An id that no other request has; it guards nothing, so that chance is enough for it."""
    return f"{random.getrandbits(64):016x}"


def _for_the_log(error: OpenEOError) -> str:
    """The message in one line; a backend's own is left out, as it may repeat a credential."""
    if isinstance(error, BackendError):
        return f"from {', '.join(error.backends)}, its reference {error.upstream_id!r:.100}"
    return in_one_line(error.logged, 1000)


def in_one_line(text: str, length: int = 300, sent: str | None = None) -> str:
    """A text of somebody else's as the log may have it; `sent` are the credentials of its request.

    By default those of the present one.
    """
    if sent is None:
        sent = _credentials()
    return for_logs(_without_own(text, sent)).encode("unicode_escape").decode()[:length]


def _credentials() -> str:
    return request.headers.get("Authorization", "") if has_request_context() else ""


def _without_own(text: str, sent: str) -> str:
    """A text that may repeat a request, without the token that came with it."""
    for part in (sent.rpartition(" ")[2], sent.rpartition("/")[2]):
        if len(part) >= TELLING:
            text = text.replace(part, REMOVED)
    return text


def body_of(error: OpenEOError, reference: str) -> bytes:
    """The body of the response for an error.

    What it repeats of the request holds no credentials, unless the message was written to hold
    something for this user's eyes only.
    """
    return orjson.dumps(error.as_json(reference) | {"message": message_of(error)})


def message_of(error: OpenEOError) -> str:
    """The message as the response may have it, likewise."""
    message = str(error.as_json()["message"])
    if error.logged != error.message:
        return message
    return without_credentials(_without_own(message, _credentials()))


def answer(error: OpenEOError) -> Response:
    """The response for an error."""
    body = body_of(error, reference())
    response = Response(body, error.status, error.headers, content_type="application/json")
    response.headers["Cache-Control"] = "no-store"
    return response


def _translated(error: HTTPException, max_bytes: int) -> OpenEOError:
    if error.code == 404:
        return _not_found()
    if error.code == 405:
        allowed = ", ".join(sorted(getattr(error, "valid_methods", None) or ()))
        return MethodNotAllowed(
            f"{request.method} is not possible at this address; possible are: {allowed}.",
            headers={"Allow": allowed},
        )
    if error.code == 413:
        return RequestTooLarge(max_bytes)
    if error.code is not None and 400 <= error.code < 500:
        return RequestInvalid(str(error.description or ""))
    return Internal()


def _not_found() -> OpenEOError:
    path = request.path
    return NotFound(f"There is nothing at '{path[:200]}'. GET / lists the endpoints.")
