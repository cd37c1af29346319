"""Secondary web services: which types there are."""

from __future__ import annotations

from scripts.self_review.backend import Backend, Entry
from scripts.self_review.findings import (
    Cause,
    Outcome,
    could_not_tell,
    failed,
)
from scripts.self_review.lists import each_defined, public, there
from scripts.self_review.registry import check

PATH = "/service_types"


@check("api-600")
def there_are_service_types(backend: Backend) -> Outcome:
    return there(backend, PATH)


@check("api-601")
def anybody_may_read_them(backend: Backend) -> Outcome:
    backend.required_there(PATH, "api-600")
    return public(backend.get(PATH))


@check("api-603")
def types_are_defined(backend: Backend) -> Outcome:
    return each_defined(backend, PATH, "api-600", _undefined)


@check("api-604")
def types_have_titles(backend: Backend) -> Outcome:
    return each_defined(backend, PATH, "api-600", _untitled)


def _undefined(one: Entry) -> str:
    missing = [] if isinstance(one.get("configuration"), dict) else ["configuration"]
    missing += [] if isinstance(one.get("process_parameters"), list) else ["process_parameters"]
    return f"no {' and no '.join(missing)}" if missing else ""


def _untitled(one: Entry) -> str:
    missing = [k for k in ("title", "description") if not isinstance(one.get(k), str) or not one[k]]
    return f"no {' and no '.join(missing)}" if missing else ""


@check("api-617")
def services_show_results_of_jobs(backend: Backend) -> Outcome:
    backend.user  # noqa: B018 - raises without a login
    backend.required_there("/services", "api-610")
    if not {"load_stac", "load_result"} & backend.processes_by_id.keys():
        return failed("There is neither load_stac nor load_result to show results with.")
    says = "Results can be loaded; whether a service shows them is for a person to see."
    return could_not_tell(says, Cause.STATEMENT)
