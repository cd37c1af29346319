"""The control endpoint: faults are read, set and cleared while the backend runs.

It is at `/faults` of the host and off unless the profile says `control: true`. It answers this
machine only: other addresses, requests that came through a proxy and those of web pages find
nothing there.
"""

import ipaddress
from typing import Final, Protocol
from wsgiref.types import WSGIEnvironment

import orjson

from backends.configuration import ProfileError
from backends.faults.exchange import Answered, refusal, said
from backends.faults.reading import Faults, read_faults
from backends.faults.scope import Plan
from backends.faults.writing import as_document

PATH: Final = "/faults"
MAX_BYTES: Final = 1_000_000
# Who sends one of these does not sit at this machine, whatever the address says.
FOREIGN: Final = (
    "HTTP_ORIGIN",
    "HTTP_FORWARDED",
    "HTTP_X_FORWARDED_FOR",
    "HTTP_X_REAL_IP",
    "HTTP_VIA",
)


class Controlled(Protocol):
    """What is controlled."""

    plan: Plan

    def plan_anew(self, faults: Faults) -> None:
        """These faults from now on."""
        ...


def may_control(environ: WSGIEnvironment) -> bool:
    """Whether a request is for the control endpoint, and of somebody at this machine."""
    if str(environ.get("PATH_INFO", "")).rstrip("/") != PATH:
        return False
    if any(name in environ for name in FOREIGN):
        return False
    try:
        return ipaddress.ip_address(str(environ.get("REMOTE_ADDR"))).is_loopback
    except ValueError:
        return False


class Control:
    """Answers the requests to the control endpoint."""

    def __init__(self, controlled: Controlled) -> None:
        self._controlled = controlled

    def answer(self, environ: WSGIEnvironment) -> Answered:
        """What the request is answered."""
        match environ["REQUEST_METHOD"]:
            case "GET":
                return self._read()
            case "PUT":
                return self._set(environ)
            case "DELETE":
                self._controlled.plan_anew(Faults())
                return self._read()
            case _:
                message = "Possible are GET, PUT and DELETE."
                return refusal(405, "MethodNotAllowed", message, (("Allow", "GET, PUT, DELETE"),))

    def _read(self) -> Answered:
        armed = self._controlled.plan.armed
        listed = [{**as_document(one.fault), "struck": one.struck} for one in armed]
        return said({"faults": listed})

    def _set(self, environ: WSGIEnvironment) -> Answered:
        size = int(environ.get("CONTENT_LENGTH") or 0)
        if size > MAX_BYTES:
            return refusal(413, "RequestTooLarge", f"At most {MAX_BYTES} bytes are possible.")
        try:
            document = orjson.loads(environ["wsgi.input"].read(size))
        except orjson.JSONDecodeError as error:
            return refusal(400, "RequestInvalid", f"The body is no valid JSON: {error}.")
        if not isinstance(document, dict) or set(document) != {"faults"}:
            return refusal(400, "RequestInvalid", 'The body must be an object {"faults": [...]}.')
        try:
            faults = read_faults(document["faults"])
        except ProfileError as error:
            mistakes = "; ".join(str(mistake) for mistake in error.mistakes)
            return refusal(400, "RequestInvalid", mistakes)
        self._controlled.plan_anew(faults)
        return self._read()
