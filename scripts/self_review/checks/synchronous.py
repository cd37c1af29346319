"""POST /result: computing at once."""

from __future__ import annotations

from scripts.self_review.backend import Backend
from scripts.self_review.checks.jobs import INVALID, rejected
from scripts.self_review.findings import (
    Cause,
    NotJudgedError,
    Outcome,
    could_not_tell,
    failed,
    judged,
    not_applicable,
    passed,
    shown_answer,
    warned,
)
from scripts.self_review.graphs import callback, calling, graph, node, of, parameter
from scripts.self_review.probe.answer import Answer, NotJsonError
from scripts.self_review.registry import check
from scripts.self_review.sample import loaded, pieces, raster_format, sample
from scripts.self_review.shared_jobs import ADDS, FAILS

MEDIA = {
    "gtiff": ("image/tiff",),
    "netcdf": ("application/x-netcdf", "application/netcdf", "application/vnd+netcdf"),
}


def _added(backend: Backend) -> Answer:
    return backend.making.result_once("add", ADDS)


@check("api-900")
def results_can_be_computed_at_once(backend: Backend) -> Outcome:
    answer = _added(backend)
    if answer.ok:
        return passed("A user can compute 1 + 2.", answer)
    try:
        data = loaded(backend, sample(backend))
    except NotJudgedError:
        return failed(f"POST /result answers {answer.status} for 1 + 2 and for data.", answer)
    says = f"A piece of a collection can be computed, though 1 + 2 answers {answer.status}."
    return warned(says, answer, shown_answer(data, data.media_type))


@check("api-901")
def invalid_processes_are_rejected(backend: Backend) -> Outcome:
    answers = {what: backend.making.result_once(what, process) for what, process in INVALID.items()}
    return rejected(answers, "POST /result")


@check("api-905")
def success_is_data_and_failure_an_error(backend: Backend) -> Outcome:
    good, bad = _added(backend), backend.making.result_once("fails", FAILS)
    problems = [] if good.status == 200 and good.body else [f"1 + 2 answers {good.status}"]
    if not 400 <= bad.status <= 599:
        problems.append(f"what cannot be computed answers {bad.status}")
    else:
        problems += _malformed(bad)
    for answer in (backend.making.result_once(w, p) for w, p in INVALID.items()):
        problems += _malformed(answer) if answer.status >= 400 else []
    return judged(problems, "Data with 200, errors in their form.", good, bad)


def _malformed(answer: Answer) -> list[str]:
    try:
        document = answer.object()
    except NotJsonError as error:
        return [f"an error of POST /result: {error}"]
    good = all(isinstance(document.get(key), str) for key in ("code", "message"))
    return [] if good else ["an error of POST /result has no code or no message"]


@check("api-906")
def the_media_type_is_that_of_the_format(backend: Backend) -> Outcome:
    answer = loaded(backend, sample(backend))
    form = raster_format(backend)
    wanted = MEDIA.get(form.lower(), MEDIA["gtiff"])
    problems = []
    if answer.media_type not in wanted and not _is_archive(answer):
        problems.append(f"{form} is sent as {answer.media_type or 'nothing'}, not {wanted[0]}")
    said = answer.headers.get("Content-Type", "no Content-Type")
    return judged(problems, f"{form} is sent as {said}.", shown_answer(answer, said))


def _is_archive(answer: Answer) -> bool:
    """Several files are sent together (judged by api-909)."""
    return answer.media_type in {"application/x-tar", "application/tar", "application/zip"}


@check("api-907")
def costs_are_sent(backend: Backend) -> Outcome:
    answer = _added(backend)
    said = answer.headers.get("OpenEO-Costs")
    other = answer.headers.get("OpenEO-Costs-experimental")
    if said is None and other is not None:
        return failed(f"Only OpenEO-Costs-experimental: {other}, which is not the header.", answer)
    return judged([] if said else ["no header OpenEO-Costs"], f"OpenEO-Costs: {said}.", answer)


@check("api-908")
def logs_are_linked(backend: Backend) -> Outcome:
    answer = _added(backend)
    said = answer.headers.get("Link", "")
    good = 'rel="monitor"' in said or "rel=monitor" in said
    return judged([] if good else ["no Link with rel=monitor"], f"Link: {said}.", answer)


@check("api-920")
def five_minutes_are_allowed(backend: Backend) -> Outcome:
    backend.user  # noqa: B018 - raises without a login
    says = "It would take a computation of more than five minutes; this review makes none."
    return could_not_tell(says, Cause.TIME, hint="Attest it with the time-out that is configured.")


# Process graphs.


@check("api-9")
def nodes_may_have_a_namespace(backend: Backend) -> Outcome:
    spaced = {**node("add", x=1, y=2), "namespace": "backend"}
    return _computes(
        backend, "namespace", graph(add=spaced), 3, hint="Accept `namespace: backend`."
    )


@check("api-12")
def parameters_are_substituted(backend: Backend) -> Outcome:
    given = {"name": "given", "description": "A number.", "schema": {"type": "number"}}
    process = calling("add", x=parameter("given"), y=2)
    process["parameters"] = [{**given, "optional": True, "default": 1}]
    return _computes(backend, "parameter", process, 3)


@check("api-13")
def callbacks_are_executed(backend: Backend) -> Outcome:
    data = sample(backend)
    reduced = node(
        "reduce_dimension", data=of("load"), dimension=data.time, reducer=callback("mean")
    )
    process = data.saved(raster_format(backend), reduce=reduced)
    answer = backend.making.result_once("reduced", process)
    problems = [] if answer.ok and answer.body else [f"it answers {answer.status}"]
    return judged(problems, "A reducer was computed.", answer, looked_at=data.collection)


def _computes(
    backend: Backend, key: str, process: dict[str, object], wanted: object, hint: str = ""
) -> Outcome:
    plain = _added(backend)
    if not plain.ok:
        says = "Not even 1 + 2 can be computed (judged by api-900)."
        raise NotJudgedError(could_not_tell(says, Cause.UNUSABLE, plain))
    answer = backend.making.result_once(key, process)
    if not answer.ok:
        return failed(f"It answers {answer.status}.", answer, hint=hint)
    found = value_of(answer)
    shown = shown_answer(answer, f"{found!r}")
    return judged(
        [] if found == wanted else [f"{found!r} came, not {wanted!r}"], "It works.", shown
    )


def value_of(answer: Answer) -> object:
    """The value that a computation without a format gives; None if it is none."""
    try:
        return answer.json()
    except NotJsonError:
        return None


@check("api-46")
def format_names_have_no_case(backend: Backend) -> Outcome:
    data = sample(backend)
    form = raster_format(backend)
    answers = {
        name: backend.making.result_once(f"format {name}", data.saved(name))
        for name in {form.upper(), form.lower()} - {form}
    }
    problems = [f"{name!r} answers {one.status}" for name, one in answers.items() if not one.ok]
    looked_at = f"{form} as {' and '.join(answers)}"
    shown = [shown_answer(one, one.media_type) for one in answers.values()]
    return judged(problems, "They are understood in any case.", *shown, looked_at=looked_at)


@check("collections-9")
def collections_can_be_loaded(backend: Backend) -> Outcome:
    """The older definition of available: a simple graph with load_collection gives a result."""
    months = backend.options.history
    answers = _loads(backend)
    empty = [key for key, one in answers.items() if "NoDataAvailable" in one.beginning]
    bad = [
        f"{key}: {one.status} {one.beginning[:80]}"
        for key, one in answers.items()
        if not one.ok and key not in empty
    ]
    looked_at = f"{len(answers)} collections of which a small piece was loaded"
    looked_at += f"; without data there and then: {', '.join(empty)}" if empty else ""
    if bad:
        return failed("; ".join(bad), looked_at=looked_at)
    if len(empty) == len(answers):
        return not_applicable("No collection has data where and when this review looked.")
    if months is None:
        says = "Each could be loaded just now; 98 percent of a month needs --history as well."
        return warned(says, looked_at=looked_at)
    low = [f"{one.name}: {one.uptime:.2f} %" for one in months if one.uptime < 98]
    return judged(low, "Each could be loaded, and no month is below 98 %.", looked_at=looked_at)


def _loads(backend: Backend) -> dict[str, Answer]:
    return {one.collection: loaded(backend, one) for one in pieces(backend)}
