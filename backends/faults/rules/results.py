"""Results of batch jobs."""

from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any, Final

from backends.faults.changes import (
    Change,
    answers,
    document,
    headers,
    mapped,
    on,
    put,
    refused,
    removed,
    with_status,
    without,
)
from backends.faults.exchange import Answered, Ask, Asked, said
from backends.faults.rule import FAILED, Part, Response, Rule, rule

PATH: Final = "/jobs/{job_id}/results"
SHARED: Final = "/results/{signed}"
FILE: Final = "/results/{signed}/files/{name}"
FAILED_JOB: Final = 424
PARTS: Final = ("bbox", "geometry", "extent", "summaries", "cube:dimensions")


def _both(*changes: Change) -> tuple[Part, Part]:
    """The results as the user gets them, and as everybody with the signed link does."""
    return on(PATH, *changes), on(SHARED, *changes)


def _failed_as(status: int) -> Response:
    def response(_: Asked, answered: Answered) -> Answered:
        failed = answered.status == FAILED_JOB
        return replace(answered, status=status) if failed else answered

    return response


def _empty_if_unfinished(asked: Asked, answered: Answered) -> Answered:
    """Results without a file where an error should say that the job is not finished."""
    if answered.status != 400:
        return answered
    job_id = asked.path.split("/")[2]
    extent = {
        "spatial": {"bbox": [[-180, -90, 180, 90]]},
        "temporal": {"interval": [["2020-01-01T00:00:00Z", "2020-01-01T00:00:00Z"]]},
    }
    return said(
        {
            "type": "Collection",
            "stac_version": "1.0.0",
            "id": job_id,
            "description": "Results.",
            "license": "proprietary",
            "extent": extent,
            "assets": {},
            "links": [],
        }
    )


def _unsigned(asked: Asked, answered: Answered) -> Answered:
    """Files at addresses below the job, for which one has to be logged in."""
    return document(mapped("assets/*/href", _below_job(asked)))(asked, answered)


def _below_job(asked: Asked) -> Any:
    def moved(href: str) -> str:
        root, _, rest = href.partition("/results/")
        return f"{root}{asked.path}/files/{rest.rpartition('/')[2]}"

    return moved


def _is_canonical(link: Any) -> bool:
    return isinstance(link, dict) and link.get("rel") == "canonical"


def _private(document: Any) -> None:
    """The canonical link is the job's own address."""
    links = document.get("links", []) if isinstance(document, dict) else []
    own = next((one["href"] for one in links if one.get("rel") == "self"), None)
    for link in links:
        if _is_canonical(link) and own:
            link["href"] = own


def _sooner(moment: str) -> str:
    earlier = datetime.fromisoformat(moment) - timedelta(days=6)
    return earlier.isoformat().replace("+00:00", "Z")


def _no_range(asked: Asked, _: Ask) -> Asked:
    kept = tuple(pair for pair in asked.headers if pair[0].lower() not in ("range", "if-range"))
    return replace(asked, headers=kept)


def _expired(files: str) -> Part:
    gone = answers(410, "ResultLinkExpired", "The link has expired.")
    return Part(("GET", "HEAD"), files, request=gone)


ACCESS: Final[tuple[Rule, ...]] = (
    rule("results.fail", "Results cannot be read.", "api-860", refused(PATH, "GET")),
    rule(
        "jobs.failed-results-wrong-code",
        "The results of a failed job are answered with 400 in place of 424.",
        "api-861",
        Part(("GET",), PATH, _failed_as(400), statuses=FAILED),
    ),
    rule(
        "jobs.failed-results-200",
        "The results of a failed job are answered with 200.",
        "api-861",
        Part(("GET",), PATH, _failed_as(200), statuses=FAILED),
    ),
    rule(
        "results.finished-status-202",
        "The results of a finished job are answered with 202.",
        "api-861",
        with_status(PATH, 202, "GET"),
    ),
    rule(
        "results.unfinished-empty",
        "Results of a job that is not finished are empty in place of an error.",
        "api-863",
        Part(("GET",), PATH, _empty_if_unfinished, statuses=FAILED),
    ),
    rule(
        "results.no-canonical",
        "There is no canonical link to the results.",
        "api-871",
        *_both(without("links", _is_canonical)),
    ),
    rule(
        "results.canonical-unsigned",
        "The canonical link is not signed: it is for the user who has the job.",
        "api-871",
        on(PATH, _private),
    ),
    rule(
        "results.assets-unsigned",
        "The addresses of the files are not signed: they are for the user who has the job.",
        "api-871 results-signed-urls",
        Part(("GET",), PATH, _unsigned),
    ),
    rule(
        "results.links-dead",
        "Signed links have expired as soon as they are given.",
        "api-871 api-873 results-signed-urls",
        *(_expired(path) for path in (SHARED, FILE, "/results/{signed}/items/{name}")),
    ),
    rule(
        "results.no-expires",
        "The results do not say until when their links are valid.",
        "api-872",
        *_both(removed("expires")),
    ),
    rule(
        "results.expire-early",
        "The links are said to be valid for six days less than they should.",
        "api-873 results-signed-urls",
        *_both(mapped("expires", _sooner)),
    ),
)

STAC: Final[tuple[Rule, ...]] = (
    *(
        rule(
            f"results.no-{field.replace('_', '-')}",
            f"The results have no `{field}`, so that they are no valid STAC.",
            "api-865 api-866" if field == "stac_version" else "api-865",
            *_both(removed(field)),
        )
        for field in ("type", "stac_version", "id", "links")
    ),
    Rule(
        "results.stac-version",
        "The results claim another version of STAC.",
        ("api-866",),
        lambda version: _both(put("stac_version", version)),
        "the version, for example 0.8.0",
    ),
    rule(
        "results.no-assets",
        "The results have no `assets`.",
        "api-865 api-869",
        *_both(removed("assets")),
    ),
    *(
        rule(
            f"results.assets-without-{field}",
            f"The assets of results have no `{field}`.",
            "api-869",
            *_both(removed(f"assets/*/{field}")),
        )
        for field in ("href", "type", "title")
    ),
    rule(
        "results.no-metadata",
        "The results do not say where and when they are, in which projection and bands.",
        "api-870 formats-gtiff-5h",
        *_both(
            removed(*PARTS),
            *(removed(f"assets/*/{name}") for name in ("bands", "eo:bands", "raster:bands")),
            *(removed(f"assets/*/proj:{name}") for name in ("epsg", "shape", "bbox", "code")),
        ),
    ),
)

FILES: Final[tuple[Rule, ...]] = (
    rule(
        "results.no-ranges",
        "Files of results cannot be read in parts.",
        "formats-gtiff-5b",
        Part(("GET", "HEAD"), FILE, request=_no_range),
        headers("Accept-Ranges", path=FILE, methods=("GET", "HEAD")),
    ),
    rule(
        "results.files-without-cors",
        "Pages of other origins cannot read files of results.",
        "formats-gtiff-5c api-2 api-3",
        headers("Access-Control-Allow-Origin", "Access-Control-Expose-Headers", path=FILE),
    ),
)

RULES: Final = (*ACCESS, *STAC, *FILES)
