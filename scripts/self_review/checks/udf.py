"""GET /udf_runtimes: what runs users' own code."""

from __future__ import annotations

from scripts.self_review.backend import Backend, Entry
from scripts.self_review.findings import Outcome
from scripts.self_review.lists import each_defined, public, there
from scripts.self_review.registry import check

PATH = "/udf_runtimes"


@check("api-71")
def there_are_runtimes(backend: Backend) -> Outcome:
    return there(backend, PATH)


@check("api-72")
def anybody_may_read_them(backend: Backend) -> Outcome:
    backend.required_there(PATH, "api-71")
    return public(backend.get(PATH))


@check("api-74")
def runtimes_have_versions(backend: Backend) -> Outcome:
    return each_defined(backend, PATH, "api-71", _undefined)


@check("api-75")
def runtimes_have_titles(backend: Backend) -> Outcome:
    return each_defined(backend, PATH, "api-71", _untitled)


def _undefined(one: Entry) -> str:
    tags = "tags" if one.get("type") == "docker" else "versions"
    missing = [key for key in ("type", "default") if not isinstance(one.get(key), str)]
    missing += [] if isinstance(one.get(tags), dict | list) and one[tags] else [tags]
    return f"no {' and no '.join(missing)}" if missing else ""


def _untitled(one: Entry) -> str:
    missing = [k for k in ("title", "description") if not isinstance(one.get(k), str) or not one[k]]
    return f"no {' and no '.join(missing)}" if missing else ""
