"""Whatever goes wrong leaves in the form of the RFCs: error and error_description as JSON."""

import logging
import secrets
from typing import Final

from authlib.oauth2 import OAuth2Error
from flask import Flask, Response, jsonify, request
from werkzeug.exceptions import HTTPException

LOG: Final = logging.getLogger(__name__)


def answer_with_errors(app: Flask) -> None:
    """Register what turns exceptions into responses."""
    app.register_error_handler(OAuth2Error, _oauth)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _unexpected)


def _oauth(error: OAuth2Error) -> Response:
    status, body, headers = error()
    response = jsonify(body)
    response.status_code = status
    for name, value in headers:
        response.headers[name] = value
    return response


def _http(error: HTTPException) -> Response:
    response = jsonify({"error": "invalid_request", "error_description": error.description})
    response.status_code = error.code or 500
    if error.code == 405 and (allowed := getattr(error, "valid_methods", None)):
        response.headers["Allow"] = ", ".join(sorted(allowed))
    return response


def _unexpected(error: Exception) -> Response:
    number = f"r-{secrets.token_hex(8)}"
    LOG.error(
        "%s %s failed unexpectedly (%s)", request.method, request.path, number, exc_info=error
    )
    text = f"The provider failed unexpectedly. Its operator finds it as error {number}."
    response = jsonify({"error": "server_error", "error_description": text})
    response.status_code = 500
    return response
