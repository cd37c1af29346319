"""GET /udf_runtimes: what runs users' own code."""

from __future__ import annotations

from collections.abc import Callable

from scripts.self_review.backend import Backend, Entry
from scripts.self_review.findings import Evidence, Outcome, judged
from scripts.self_review.lists import public, there
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
    return _each(backend, _undefined)


@check("api-75")
def runtimes_have_titles(backend: Backend) -> Outcome:
    return _each(backend, lambda one: _lacking(one, ("title", "description")))


def _undefined(one: Entry) -> str:
    tags = "tags" if one.get("type") == "docker" else "versions"
    missing = [key for key in ("type", "default") if not isinstance(one.get(key), str)]
    missing += [] if isinstance(one.get(tags), dict | list) and one[tags] else [tags]
    return f"no {' and no '.join(missing)}" if missing else ""


def _lacking(one: Entry, keys: tuple[str, ...]) -> str:
    missing = [key for key in keys if not isinstance(one.get(key), str) or not one[key]]
    return f"no {' and no '.join(missing)}" if missing else ""


def _each(backend: Backend, problem: Callable[[Entry], str]) -> Outcome:
    document = backend.optional_document(PATH, "api-71")
    runtimes = {name: one for name, one in document.items() if isinstance(one, dict)}
    problems = [f"{name}: {said}" for name, one in runtimes.items() if (said := problem(one))]
    shown = Evidence(f"GET {backend.root}{PATH}", ", ".join(runtimes) or "no runtimes")
    return judged(problems, "Each has it.", shown, looked_at=f"{len(runtimes)} runtimes")
