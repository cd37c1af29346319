"""Batch jobs: their list, their metadata, and what can be done with them."""

from dataclasses import replace
from typing import Final

from backends.faults.changes import (
    accepted,
    empty,
    halved,
    headers,
    if_let_in,
    mapped,
    missing,
    on,
    put,
    refused,
    refuses_token,
    removed,
    with_status,
)
from backends.faults.exchange import Answered, Ask, Asked, header
from backends.faults.rule import FINE, Part, Rule, rule

ALL: Final = "/jobs"
ONE: Final = "/jobs/{job_id}"
RUN: Final = "/jobs/{job_id}/results"


def _started(asked: Asked, ask: Ask) -> Answered:
    """The job is started as soon as it is there."""
    created = ask(asked)
    job_id = header(created, "OpenEO-Identifier")
    if created.status == 201 and job_id:
        ask(replace(asked, path=f"/jobs/{job_id}/results", body=b""))
    return created


def _created(_: Asked) -> Answered:
    return empty(201, ("OpenEO-Identifier", "j-accepted"), ("Location", f"{ALL}/j-accepted"))


def _status(before: str, after: str) -> tuple[Part, Part]:
    def other(status: str) -> str:
        return after if status == before else status

    return on(ALL, mapped("jobs/*/status", other)), on(ONE, mapped("status", other))


LISTS: Final[tuple[Rule, ...]] = (
    rule("jobs.list-fails", "The list of jobs does not work.", "api-710", refused(ALL, "GET")),
    rule(
        "jobs.token-refused",
        "The list of jobs does not accept a token that other endpoints accept.",
        "api-710",
        refuses_token(ALL),
    ),
    rule("jobs.no-list", "There is no array `jobs`.", "api-711", on(ALL, removed("jobs"))),
    rule(
        "jobs.no-links",
        "There is no array `links` beside the jobs.",
        "api-711",
        on(ALL, removed("links")),
    ),
    rule(
        "jobs.truncated",
        "Without a `limit` only half of the jobs are listed.",
        "api-713",
        on(ALL, halved("jobs")),
    ),
    *(
        rule(
            f"jobs.listed-without-{field}",
            f"Jobs are listed without `{field}`.",
            "api-714",
            on(ALL, removed(f"jobs/*/{field}")),
        )
        for field in ("id", "status", "created")
    ),
    rule(
        "jobs.listed-without-title",
        "Jobs are listed without the title that the user gave.",
        "api-715",
        on(ALL, removed("jobs/*/title")),
    ),
)

CREATION: Final[tuple[Rule, ...]] = (
    rule("jobs.create-fails", "Jobs cannot be created.", "api-730", refused(ALL, "POST")),
    rule(
        "jobs.invalid-accepted",
        "Jobs with invalid processes seem to be created.",
        "api-731",
        accepted(ALL, "POST", _created, only=(400, 404)),
    ),
    rule(
        "jobs.title-lost",
        "The title and the description that the user gave are not kept.",
        "api-734 api-752 api-715",
        on(ALL, removed("jobs/*/title", "jobs/*/description")),
        on(ONE, removed("title", "description")),
    ),
    rule(
        "jobs.no-identifier",
        "A new job is answered without OpenEO-Identifier.",
        "api-736",
        headers("OpenEO-Identifier", path=ALL, methods=("POST",), statuses=FINE),
    ),
    rule(
        "jobs.no-location",
        "A new job is answered without Location.",
        "api-736",
        headers("Location", path=ALL, methods=("POST",), statuses=FINE),
    ),
    rule(
        "jobs.create-status-200",
        "A new job is answered with status 200.",
        "api-736",
        with_status(ALL, 200, "POST"),
    ),
    rule(
        "jobs.start-by-themselves",
        "New jobs start without being asked to.",
        "api-737",
        Part(("POST",), ALL, request=_started),
    ),
)

METADATA: Final[tuple[Rule, ...]] = (
    rule(
        "jobs.not-found-by-id",
        "Jobs that are listed are not found by their id.",
        "api-750",
        missing(ONE, "GET", protected=True),
    ),
    *(
        rule(
            f"jobs.no-{field}",
            f"A job has no `{field}`.",
            "api-751",
            on(ONE, removed(field)),
        )
        for field in ("id", "process", "status", "created")
    ),
    rule(
        "jobs.status-unknown",
        "Finished jobs have a status that openEO does not know.",
        "api-700 api-754",
        *_status("finished", "done"),
    ),
    rule(
        "jobs.status-stuck",
        "Finished jobs seem to run on.",
        "api-754",
        *_status("finished", "running"),
    ),
    rule(
        "jobs.failed-seem-finished",
        "Failed jobs seem to be finished.",
        "api-754 api-700",
        *_status("error", "finished"),
    ),
    rule(
        "jobs.progress-above-100",
        "The progress of jobs is above 100.",
        "api-754",
        on(ALL, mapped("jobs/*/progress", lambda _: 250)),
        on(ONE, put("progress", 250)),
    ),
)

LIFE: Final[tuple[Rule, ...]] = (
    rule("jobs.delete-fails", "Jobs cannot be deleted.", "api-780", refused(ONE, "DELETE")),
    rule(
        "jobs.delete-status-200",
        "Deleting a job is answered with status 200.",
        "api-781",
        with_status(ONE, 200, "DELETE"),
    ),
    rule(
        "jobs.delete-missing-is-fine",
        "Deleting a job that is not there is answered as if it had been.",
        "api-781",
        accepted(ONE, "DELETE", lambda _: empty(204), only=(404,)),
    ),
    rule("jobs.start-fails", "Jobs cannot be started.", "api-850", refused(RUN, "POST")),
    rule(
        "jobs.start-status-200",
        "Starting a job is answered with status 200.",
        "api-851",
        with_status(RUN, 200, "POST"),
    ),
    rule(
        "jobs.start-does-nothing",
        "Starting a job is answered as it should be, and starts nothing.",
        "api-851",
        Part(("POST",), RUN, request=if_let_in(lambda *_: empty(202))),
    ),
    rule(
        "jobs.payment-not-required",
        "Jobs seem to be queued though payment is required first.",
        "api-852",
        accepted(RUN, "POST", lambda _: empty(202), only=(402,)),
    ),
    rule("jobs.cancel-fails", "Jobs cannot be cancelled.", "api-890", refused(RUN, "DELETE")),
    rule(
        "jobs.cancel-does-nothing",
        "Cancelling a job is answered as it should be, and the job goes on.",
        "api-891",
        Part(("DELETE",), RUN, request=if_let_in(lambda *_: empty(204))),
    ),
    rule(
        "jobs.cancel-status-200",
        "Cancelling a job is answered with status 200.",
        "api-891",
        with_status(RUN, 200, "DELETE"),
    ),
)

RULES: Final = (*LISTS, *CREATION, *METADATA, *LIFE)
