"""Answers that a client gets on its way, held against the specification of the API."""

from __future__ import annotations

import functools
import re
from typing import Any
from urllib.parse import urlsplit

import requests

from tests.contract.specification import DOCUMENT, assert_conforms, document

ROOT = re.compile(r"^/openeo/[\d.]+(?=/)")
PART = 206
DATA = {("post", "/result"), ("get", "/files/{path}")}
"""Whose answers are whatever was computed or stored."""
SEEN: set[tuple[str, str, int, int]] = set()
"""What was found right before: method, path of the specification, status, and the body's hash."""


def holds(response: requests.Response, **_: Any) -> None:
    """A hook of requests: fails for an answer of the API that the specification does not allow.

    Answers of endpoints that the specification does not have pass, and all where it is not there.
    """
    if not DOCUMENT.is_file():
        return
    method = str(response.request.method).lower()
    template = template_of(ROOT.sub("", urlsplit(response.url).path))
    if template is None or method not in document()["paths"][template]:
        return
    if response.status_code == PART and "Range" in response.request.headers:
        return  # as HTTP has it
    is_json = response.headers.get("Content-Type", "").partition(";")[0].endswith("json")
    is_data = response.ok and (method, template) in DATA
    body = response.content if is_json and not is_data else b""
    seen = (method, template, response.status_code, hash(body))
    if seen in SEEN:
        return
    headers = dict(response.headers)
    assert_conforms(
        method, template, response.status_code, response.json() if body else None, headers
    )
    SEEN.add(seen)


def template_of(path: str) -> str | None:
    """The path of the specification that a path of the API is one of."""
    return next((name for name, pattern in _patterns() if pattern.fullmatch(path)), None)


@functools.cache
def _patterns() -> tuple[tuple[str, re.Pattern[str]], ...]:
    """Those without parameters first."""
    names = sorted(document()["paths"], key=lambda name: "{" in name)
    return tuple((name, _pattern(name)) for name in names)


def _pattern(name: str) -> re.Pattern[str]:
    one = re.sub(r"{\w+}", "[^/]+", name.replace("{path}", ".+"))
    return re.compile(one)
