"""The parameters of OAuth requests, held against their grammar (RFC 6749, appendix A).

What does not keep to it is refused before anything reads it; the library puts some
of the values into descriptions of errors, which may not hold every character.
"""

import base64
import binascii
import re
from typing import Final

from authlib.oauth2.rfc6749.errors import InvalidClientError, InvalidRequestError
from flask import Request
from werkzeug.datastructures import MultiDict

MAX_LENGTH: Final = 4096
MAX_PARAMETERS: Final = 50
_PRINTABLE: Final = re.compile(r"[\x20-\x7e]*")
_WORDS: Final = re.compile(r"[A-Za-z0-9_]+( [A-Za-z0-9_]+)*")
_GRAMMAR: Final = {
    "response_type": _WORDS,
    "grant_type": re.compile(r"[A-Za-z0-9._:/-]+"),
    "scope": re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+( +[\x21\x23-\x5b\x5d-\x7e]+)*"),
    "code_challenge_method": _WORDS,
    "prompt": _WORDS,
    "redirect_uri": re.compile(r"[\x21\x23-\x5b\x5d-\x7e]+"),
}


def check_token_request(request: Request) -> None:
    """Raise what is wrong with the form of a request to the token endpoint or alike.

    Parameters stand in the body, each once (RFC 6749, section 3.2), and the
    credentials of a client in its header can be read.
    """
    if request.args:
        raise InvalidRequestError("Send the parameters in the body of the request.")
    check(request.form)
    scheme, _, encoded = request.headers.get("Authorization", "").partition(" ")
    if scheme.lower() == "basic" and not _is_readable(encoded):
        raise InvalidClientError("The Authorization header cannot be read.", status_code=401)


def check(parameters: MultiDict[str, str]) -> None:
    """Raise ``InvalidRequestError`` for the first parameter that is not as it must be."""
    if len(parameters) > MAX_PARAMETERS:
        raise InvalidRequestError("There are too many parameters.")
    for name, values in parameters.lists():
        if not _WORDS.fullmatch(name):
            continue  # nothing reads it
        if len(values) > 1:
            raise InvalidRequestError(f"The parameter '{name}' stands there more than once.")
        if len(values[0]) > MAX_LENGTH:
            raise InvalidRequestError(f"The parameter '{name}' is too long.")
        if not _GRAMMAR.get(name, _PRINTABLE).fullmatch(values[0]):
            raise InvalidRequestError(f"The parameter '{name}' has a value that is not possible.")


def _is_readable(encoded: str) -> bool:
    try:
        base64.b64decode(encoded).decode()
    except (binascii.Error, ValueError):
        return False
    return True
