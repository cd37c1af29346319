"""Results of batch jobs: STAC documents and files behind signed links."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from urllib.parse import quote

from flask import Blueprint, Response, request, send_from_directory

from backends.errors import OpenEOError, job_not_found
from backends.jobs.lifecycle import last_error
from backends.jobs.records import Asset, Job, timestamp
from backends.jobs.stac import GEOJSON, result_collection, result_item
from backends.web.backend import backend
from backends.web.documents import flag_parameter, json_response, link, web_link
from backends.web.downloads import unless_deleted
from backends.web.jobs import kept_until, own_job, run_times
from backends.web.signing import RESULTS, signed_results

results = Blueprint("results", __name__)


@dataclass(frozen=True)
class Address:
    """Where the results are found without logging in; ``collection`` is the signed URL."""

    collection: str

    def file(self, asset: Asset) -> str:
        """The URL of a file."""
        return f"{self.collection}/files/{quote(asset.name)}"

    def item(self, asset: Asset) -> str:
        """The URL of an item."""
        return f"{self.collection}/items/{quote(_item_name(asset), safe='')}.json"


@dataclass(frozen=True)
class _Run:
    """One run of a job, and how its files are reached."""

    job: Job
    assets: list[Asset]
    address: Address


@results.get("/jobs/<job_id>/results")
def job_results(job_id: str) -> Response:
    """A job's results as STAC, with signed links that need no login."""
    job = own_job(job_id)
    days = backend().profile.limits.result_days
    expires = backend().clock() + timedelta(days=days)
    return _document(job, link("self", f"/jobs/{job.id}/results"), expires)


@results.get("/results/<signed>")
def shared(signed: str) -> Response:
    """The same document without logging in, for those who have the signed link."""
    job, expires = _granted(signed)
    return _document(job, link("self", f"/results/{signed}"), expires)


@results.get("/results/<signed>/items/<name>.json")
def item(signed: str, name: str) -> Response:
    """The STAC item of a file, by a signed link."""
    job, expires = _granted(signed)
    run = _run(job, expires)
    asset = next((one for one in run.assets if _item_name(one) == name), None)
    if asset is None:
        raise OpenEOError("NotFound", f"The results have no item '{name}'.")
    document = result_item(job, asset, run.address, backend().profile)
    document["links"].insert(0, web_link("self", run.address.item(asset), media_type=GEOJSON))
    return json_response(document, media_type=GEOJSON)


@results.get("/results/<signed>/files/<path:name>")
def asset(signed: str, name: str) -> Response:
    """A file, or a part of it, by a signed link."""
    job, _ = _granted(signed)
    _check_kept(job)
    run = backend().store.assets(job.id, job.attempt)
    found = next((one for one in run if one.name == name), None)
    missing = OpenEOError("FileNotFound", f"The results have no file '{name}'.")
    if found is None:
        raise missing
    folder = backend().lifecycle.results_folder(job)
    with unless_deleted(missing):
        return send_from_directory(folder.resolve(), found.name, mimetype=found.media_type)


def _document(job: Job, self_link: dict[str, str], expires: datetime) -> Response:
    # The API has it since 1.2.0, the federation asks every member for it (api-863).
    partial = flag_parameter("partial")
    if failed := _refusal(job, partial):
        return failed
    _check_kept(job)
    run = _run(job, expires)
    links = [
        self_link,
        {**self_link, "rel": "canonical", "href": _with_query(run.address.collection)},
        link("via", f"/jobs/{job.id}", "The batch job"),
    ]
    times = {**run_times(job), "expires": timestamp(expires)}
    document = result_collection(job, run.assets, run.address, backend().profile)
    document = {**document, **times, "links": [*links, *document["links"]]}
    response = json_response(document)
    response.headers["OpenEO-Costs"] = "0"
    return response


def _refusal(job: Job, partial: bool) -> Response | None:
    """Why there are no results to show; raises where an error says it."""
    if job.status == "created":
        # A job that never ran has not finished either, and for that the API has one code;
        # the other one is for those who take what there is.
        code = "JobNotStarted" if partial else "JobNotFinished"
        raise OpenEOError(
            code, "The job was not started, or was canceled before it had results. Start it first."
        )
    if job.active and not partial:
        raise OpenEOError(
            "JobNotFinished", f"The job is {job.status}; its results are not complete yet."
        )
    if job.failure and not (partial and backend().store.assets(job.id, job.attempt)):
        logs = backend().store.logs(job.id, level="error")
        return json_response(last_error(logs, job.failure, job.ended or job.updated), 424)
    return None


def _check_kept(job: Job) -> None:
    """Raise where the results are too old to be there, removed already or not."""
    end = kept_until(job)
    if end is not None and end <= backend().clock():
        raise OpenEOError(
            "ResultsExpired",
            f"The results were kept until {timestamp(end)}. Start the job again to get them.",
        )


def _run(job: Job, expires: datetime) -> _Run:
    here = backend()
    lifetime = expires - here.clock()
    address = Address(signed_results(here.signer, here.profile.api_url, job, lifetime))
    return _Run(job, here.store.assets(job.id, job.attempt), address)


def _granted(signed: str) -> tuple[Job, datetime]:
    """The job that a signed link opens, and until when; not if it was run again since."""
    here = backend()
    content = here.signer.read(RESULTS, signed)
    job = here.store.find(content["job"], kind="batch")
    if job is None:
        raise job_not_found(content["job"])
    if job.order != content["attempt"]:
        raise OpenEOError(
            "ResultLinkExpired", "The job was run again. Please request its results again."
        )
    return job, datetime.fromtimestamp(content["exp"], tz=here.clock().tzinfo)


def _with_query(address: str) -> str:
    query = request.query_string.decode("ascii", "replace")
    return f"{address}?{query}" if query else address


def _item_name(asset: Asset) -> str:
    return quote(asset.name, safe="").replace("%2F", "-")
