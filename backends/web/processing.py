"""Data processing: validation and synchronous results."""

import tarfile
from datetime import timedelta
from pathlib import Path
from typing import Any, Final

from flask import Blueprint, Response, send_file

from backends.errors import OpenEOError, job_not_found
from backends.jobs.budgets import check_budget
from backends.jobs.records import NewJob
from backends.jobs.synchronous import Computed
from backends.stored.processes import read_process
from backends.web.authentication import current_user
from backends.web.backend import backend
from backends.web.documents import json_object, json_response
from backends.web.logs import log_page
from backends.web.requests import mistakes_in, new_job, samples_of, with_parameters_declared

processing = Blueprint("processing", __name__)

LOG_PURPOSE: Final = "request logs"
LOG_LIFETIME: Final = timedelta(days=1)


@processing.post("/validation")
def validate() -> Response:
    """Everything that is wrong with a process, as far as can be told without running it."""
    process = json_object()
    if "process_graph" not in process:
        raise OpenEOError("ProcessGraphMissing", "The body has no 'process_graph' to validate.")
    here, declared = backend(), with_parameters_declared(process)
    # What is too large for a synchronous request may still run as a batch job.
    mistakes = mistakes_in(declared, here, current_user(), samples=samples_of("batch", here))
    mistakes = [*_metadata_mistakes(process), *mistakes]
    found = [{"code": mistake.code, "message": mistake.message} for mistake in mistakes]
    return json_response({"errors": found})


def _metadata_mistakes(process: dict[str, Any]) -> list[OpenEOError]:
    """What is wrong with the process around its graph: id, parameters, return value, texts."""
    identifier = process.get("id")
    try:
        read_process(
            {**process, "process_graph": {}}, "unnamed" if identifier is None else identifier
        )
    except OpenEOError as error:
        return [error]
    return []


@processing.post("/result")
def compute() -> Response:
    """Run a process while the client waits; its file, or several in a tar archive."""
    here = backend()
    new = new_job(json_object(), current_user(), "sync", here)
    process = here.preparation.resolved(new.process, new.user)
    check_budget(here.profile, here.store, new.user, new.budget, process, plan=new.plan)
    try:
        computed = here.synchronous.run(new)
    except OpenEOError as error:
        headers = {**error.headers, **_headers(new)} if here.store.find(new.id) else error.headers
        raise OpenEOError(error.code, error.message, headers=headers) from error
    response = _files(computed)
    response.headers.update(_headers(new))
    response.headers["OpenEO-Costs"] = f"{computed.costs:g}"
    return response


@processing.get("/requests/<signed>/logs")
def request_logs(signed: str) -> Response:
    """The log of a synchronous request, by the link that came with its result."""
    here = backend()
    content = here.signer.read(LOG_PURPOSE, signed)
    job = here.store.find(content["job"], kind="sync")
    if job is None:
        raise job_not_found(content["job"])
    return log_page(job, f"/requests/{signed}/logs")


def _headers(new: NewJob) -> dict[str, str]:
    here = backend()
    signed = here.signer.sign(LOG_PURPOSE, {"job": new.id}, LOG_LIFETIME)
    address = f"{here.profile.api_url}/requests/{signed}/logs"
    headers = {"Link": f'<{address}>; rel="monitor"'}
    if here.profile.version >= (1, 3, 0):
        headers["OpenEO-Identifier"] = new.id
    return headers


def _files(computed: Computed) -> Response:
    """The one file as it is, or several in a tar archive; removed once they are sent."""
    if len(computed.assets) == 1:
        (asset,) = computed.assets
        path, media_type = computed.path(asset), asset.media_type
    else:
        path, media_type = _archive(computed), "application/x-tar"
    response = send_file(
        path, media_type, as_attachment=True, download_name=path.name, conditional=False
    )
    # Passed straight through to the server, nobody would call what follows.
    response.direct_passthrough = False
    response.call_on_close(computed.discard)
    return response


def _archive(computed: Computed) -> Path:
    path = computed.folder / "result.tar"
    with tarfile.open(path, "w") as archive:
        for asset in computed.assets:
            archive.add(computed.path(asset), asset.name)
    return path
