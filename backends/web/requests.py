"""What a user hands in, checked before anything is stored or computed."""

import secrets
from collections.abc import Iterator, Mapping
from datetime import datetime
from functools import cache
from typing import Any, Final, cast

import orjson

from backends.checking import check_process, objects_in
from backends.errors import OpenEOError, collection_not_found
from backends.formats import format_name
from backends.jobs.records import LEVELS, Job, Kind, NewJob
from backends.jobs.requested import check_sizes
from backends.stored.resolution import Find, called, resolve
from backends.web.backend import Backend
from backends.workspaces.configuration import EXPORTING
from backends.workspaces.exporting import target_of

FIELDS: Final = ("title", "description", "process", "plan", "budget", "log_level")
READ_ONLY: Final = frozenset(
    {
        *("id", "status", "progress", "created", "updated", "queued", "started", "unpublished"),
        *("costs", "usage", "links"),
    }
)


def new_job(body: Mapping[str, Any], user: str, kind: Kind, here: Backend) -> NewJob:
    """The job that a body of POST /jobs or POST /result asks for; raises its first mistake."""
    values = common_values(body, here)
    process = process_of(body)
    raise_first(mistakes_in(process, here, user, samples=samples_of(kind, here)))
    return NewJob(
        id=_new_id(kind, here.clock()),
        user=user,
        kind=kind,
        process=process,
        title=values.get("title"),
        description=values.get("description"),
        plan=values.get("plan") or here.profile.default_plan(user),
        budget=values.get("budget"),
        log_level=values.get("log_level") or "info",
        extra={key: body[key] for key in body if key not in FIELDS and key not in READ_ONLY},
    )


def changes_of(body: Mapping[str, Any], job: Job, here: Backend) -> dict[str, Any]:
    """What a body of PATCH /jobs/{job_id} changes; raises its first mistake."""
    for name in body:
        if name in READ_ONLY:
            raise OpenEOError("PropertyNotEditable", f"The property '{name}' cannot be changed.")
    if not body:
        raise OpenEOError(
            "NoDataForUpdate", f"Nothing to change was sent; possible are {', '.join(FIELDS)}."
        )
    changes = common_values(body, here)
    if "process" in body:
        changes["process"] = process_of(body)
        raise_first(
            mistakes_in(changes["process"], here, job.user, samples=samples_of("batch", here))
        )
    more = {key: body[key] for key in body if key not in FIELDS}
    return changes | ({"extra": {**job.extra, **more}} if more else {})


def process_of(body: Mapping[str, Any]) -> dict[str, Any]:
    """The user-defined process in a body that has it under ``process``."""
    process = body.get("process")
    if process is None:
        raise OpenEOError(
            "ProcessGraphMissing", "The body has no 'process' with a 'process_graph' in it."
        )
    if not isinstance(process, dict):
        raise OpenEOError("ProcessInvalid", "'process' must be an object.")
    return process


def mistakes_in(
    process: dict[str, Any],
    here: Backend,
    user: str,
    *,
    storing: str | None = None,
    samples: int | None = None,
) -> list[OpenEOError]:
    """All that can be told to be wrong with a process of the user without running it.

    ``storing`` is the id under which it is to be stored: it cannot call itself.
    ``samples`` is how many values it may load when it runs as it is.
    """

    def find(process_id: str) -> Mapping[str, Any] | None:
        if process_id == storing:
            return process
        return here.stored_processes.get(user, process_id)

    try:
        plain, stored = without_namespaces(process, cache(find))
    except OpenEOError as error:
        return [error]
    limit = here.profile.limits.graph_nodes
    found, resolved = _mistakes(plain, {**here.processes, **stored}, here, user), plain
    if stored and not found:
        # Its own calls are right; whatever is found now lies inside of what they call.
        try:
            resolved = resolve(process, cache(find), here.processes, max_nodes=limit)
        except OpenEOError as error:
            return [error]
        found = _mistakes(resolved, here.processes, here, user)
    return found or _too_large(resolved, here, samples)


def samples_of(kind: Kind, here: Backend) -> int:
    """How many values (pixels x bands x dates) a process of that kind may load."""
    limits = here.profile.limits
    return limits.batch_samples if kind == "batch" else limits.sync_samples


def _too_large(process: dict[str, Any], here: Backend, samples: int | None) -> list[OpenEOError]:
    try:
        if samples is not None:
            check_sizes(process, here.profile, samples)
    except OpenEOError as error:
        return [error]
    return []


def without_namespaces(
    process: dict[str, Any], find: Find
) -> tuple[dict[str, Any], dict[str, dict[str, Any]]]:
    """The process with calls of stored processes like those of predefined ones, and
    definitions of all stored processes that it calls; raises ``ProcessUnsupported``.
    """
    copy = cast(dict[str, Any], orjson.loads(orjson.dumps(process)))
    stored: dict[str, dict[str, Any]] = {}
    for node in _nodes(copy.get("process_graph")):
        if (document := called(node, find)) is not None:
            process_id = node["process_id"]
            parameters = document.get("parameters") or []
            stored[process_id] = {"id": process_id, "parameters": parameters}
            node.pop("namespace", None)
    return copy, stored


def _mistakes(
    process: dict[str, Any],
    offered: Mapping[str, Mapping[str, Any]],
    here: Backend,
    user: str,
) -> list[OpenEOError]:
    limit = here.profile.limits.graph_nodes
    found = list(check_process(process, offered, max_nodes=limit))
    for node in _nodes(process.get("process_graph")):
        arguments = node.get("arguments")
        if isinstance(arguments, dict):
            found += _node_mistakes(node.get("process_id"), arguments, here, user)
    return found


def with_parameters_declared(process: dict[str, Any]) -> dict[str, Any]:
    """The process, its list of parameters completed by whatever its graph refers to.

    A validation must not mind parameters without a value (openEO API, POST /validation).
    """
    declared = process.get("parameters")
    known = declared if isinstance(declared, list) else []
    used = (node.get("from_parameter") for node in objects_in(process.get("process_graph")))
    names = dict.fromkeys(name for name in used if isinstance(name, str))
    return {**process, "parameters": [*known, *({"name": name} for name in names)]}


def raise_first(mistakes: list[OpenEOError]) -> None:
    """Raise the first of the mistakes, telling how many more there are."""
    if not mistakes:
        return
    first, *others = mistakes
    if others:
        more = f"{len(others)} more" if len(others) > 1 else "one more"
        raise OpenEOError(
            first.code, f"{first.message} (And {more}; POST /validation lists all.)"
        ) from first
    raise first


def _node_mistakes(
    process_id: object, arguments: dict[str, Any], here: Backend, user: str
) -> Iterator[OpenEOError]:
    if process_id == "load_collection":
        wanted = arguments.get("id")
        if isinstance(wanted, str) and wanted not in here.collections:
            yield collection_not_found(wanted, list(here.collections))
    elif process_id == "save_result" and isinstance(arguments.get("format"), str):
        try:
            format_name(arguments["format"], here.profile.output_formats)
        except OpenEOError as error:
            yield error
    elif process_id == EXPORTING:
        yield from _export_mistakes(arguments, here, user)


def _export_mistakes(arguments: dict[str, Any], here: Backend, user: str) -> Iterator[OpenEOError]:
    """What would otherwise be told only when all has been computed."""
    workspace, merge = arguments.get("workspace"), arguments.get("merge")
    try:
        if isinstance(workspace, str):
            here.workspaces.own(workspace, user)
        if isinstance(merge, str):
            target_of(merge, "")
    except OpenEOError as error:
        yield error


def _nodes(graph: object) -> Iterator[dict[str, Any]]:
    """All nodes of the graph and of the graphs in its arguments, each once."""
    return (value for value in objects_in(graph) if isinstance(value.get("process_id"), str))


def common_values(body: Mapping[str, Any], here: Backend) -> dict[str, Any]:
    """The plain properties of a job or service that stand in the body, checked.

    Null means for ``plan`` and ``log_level`` that nothing is said of them.
    """
    for name in ("title", "description"):
        if not isinstance(body.get(name), str | None):
            raise OpenEOError("RequestInvalid", f"'{name}' must be a text.")
    values = {key: body[key] for key in FIELDS if key in body and key != "process"}
    for name in ("plan", "log_level"):
        if name in values and values[name] is None:
            del values[name]
    if "plan" in values:
        values["plan"] = _plan(values["plan"], here)
    if "budget" in values:
        values["budget"] = _budget(values["budget"])
    level = values.get("log_level")
    if level is not None and level not in LEVELS:
        raise OpenEOError("RequestInvalid", f"'log_level' must be one of {', '.join(LEVELS)}.")
    return values


def _plan(plan: object, here: Backend) -> str:
    billing = here.profile.billing
    found = billing.plan(plan) if isinstance(plan, str) else None
    if found is None:
        names = ", ".join(f"'{known.name}'" for known in billing.plans)
        raise OpenEOError(
            "BillingPlanInvalid", f"There is no billing plan {plan!r}; there is {names}."
        )
    return found.name


def _budget(budget: object) -> float | None:
    if budget is None:
        return None
    if isinstance(budget, bool) or not isinstance(budget, int | float) or budget < 0:
        raise OpenEOError("BudgetInvalid", "'budget' must be a number of at least 0, or null.")
    return cast(float, budget)


def _new_id(kind: Kind, now: datetime) -> str:
    letter = "j" if kind == "batch" else "r"
    return f"{letter}-{now:%Y%m%d}-{secrets.token_hex(8)}"
