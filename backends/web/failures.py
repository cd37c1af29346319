"""Whatever goes wrong leaves as an openEO error: id, code, message."""

import logging
import secrets
from typing import Final

from flask import Flask, Response, request
from werkzeug.exceptions import (
    HTTPException,
    MethodNotAllowed,
    RequestedRangeNotSatisfiable,
    RequestEntityTooLarge,
)

from backends.errors import OpenEOError
from backends.web.backend import backend
from backends.web.documents import json_response

LOG: Final = logging.getLogger(__name__)


def answer_with_errors(app: Flask) -> None:
    """Register what turns exceptions into responses."""
    app.register_error_handler(OpenEOError, _openeo)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _unexpected)


def _openeo(error: OpenEOError) -> Response:
    error_id = f"r-{secrets.token_hex(8)}"
    if error.status >= 500:
        LOG.warning("%s %s: %s (%s)", request.method, request.path, error, error_id)
    response = json_response(error.as_json(error_id), error.status)
    response.headers.update(error.headers)
    return response


def _http(error: HTTPException) -> Response:
    if isinstance(error, RequestEntityTooLarge):
        return _openeo(_too_large())
    if isinstance(error, MethodNotAllowed):
        return _openeo(_wrong_method(error))
    if error.code == 404:
        return _openeo(_not_found())
    if error.code is not None and error.code < 400 and error.response is not None:
        return error.response  # type: ignore[return-value,unused-ignore]
    if isinstance(error, RequestedRangeNotSatisfiable):
        return _openeo(_no_such_part(error))
    status = error.code or 500
    code = "Internal" if status >= 500 else "RequestInvalid"
    return _openeo(OpenEOError(code, error.description or error.name, status=status))


def _unexpected(error: Exception) -> Response:
    error_id = f"r-{secrets.token_hex(8)}"
    LOG.error(
        "%s %s failed unexpectedly (%s)", request.method, request.path, error_id, exc_info=error
    )
    message = f"The server failed unexpectedly. The provider finds it as error {error_id}."
    return json_response(OpenEOError("Internal", message).as_json(error_id), 500)


def _too_large() -> OpenEOError:
    limit = backend().profile.limits.request_bytes
    return OpenEOError(
        "RequestTooLarge",
        f"The request body is too large: at most {limit / 1e6:g} MB ({limit} bytes) are allowed.",
    )


def _no_such_part(error: RequestedRangeNotSatisfiable) -> OpenEOError:
    length = "" if error.length is None else f" It is {error.length} bytes long."
    return OpenEOError(
        "RequestInvalid",
        f"The file has no such part.{length}",
        status=416,
        headers={} if error.length is None else {"Content-Range": f"bytes */{error.length}"},
    )


def _wrong_method(error: MethodNotAllowed) -> OpenEOError:
    allowed = ", ".join(sorted(set(error.valid_methods or ()) - {"OPTIONS"}))
    return OpenEOError(
        "MethodNotAllowed",
        f"{request.method} is not possible at {request.path}; possible are {allowed}.",
        headers={"Allow": f"{allowed}, OPTIONS"},
    )


_UNSUPPORTED: Final = ("services", "udf_runtimes")


def _not_found() -> OpenEOError:
    profile = backend().profile
    beneath = request.path.removeprefix(profile.url_path)
    if beneath != request.path and beneath.split("/")[1] in _UNSUPPORTED:
        return OpenEOError(
            "FeatureUnsupported", f"This backend does not support '{beneath}' of the openEO API."
        )
    if beneath == request.path and request.path.startswith("/openeo/"):
        return OpenEOError(
            "UnsupportedApiVersion",
            f"This API version is not supported; the API is at {profile.api_url}.",
        )
    return OpenEOError(
        "NotFound", f"There is nothing at {request.path}; the API is at {profile.api_url}."
    )
