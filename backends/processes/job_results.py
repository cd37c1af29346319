"""STAC of others, read as soon as it is complete: results of batch jobs may still be computed.

A link that was made with `?partial=true` shows what a running job has saved so far. A graph
that went on with that would give a wrong result without a word, so it waits for the end.
Source: openEO API 1.2.0, GET /jobs/{job_id}/results, `openeo:status`.
"""

from __future__ import annotations

from typing import Any, Final

from backends.environment import Environment
from backends.errors import OpenEOError
from backends.processes.stac_reading import ForeignStac
from backends.stac_documents import Source, read_tree

STATUS: Final = "openeo:status"
_UNFINISHED: Final = ("created", "queued", "running")


def read_complete(url: str, environment: Environment) -> Source:
    """The STAC at a URL, with everything below it.

    Results of a batch job that still runs are waited for, as long as the environment has
    patience. Raises `JobNotFinished` then; `UrlNotAvailable` for a job that failed or was
    canceled, as its results are not complete; and what reading raises.
    """
    pauses = environment.patience.pauses()
    while True:
        source = read_tree(url, ForeignStac(environment.fetch))
        status = source.document.get(STATUS)
        if status not in _UNFINISHED:
            return _ended(source, status)
        if not pauses.another(f"{_job(source)} is {status}: its results are waited for."):
            raise OpenEOError(
                "JobNotFinished",
                f"{_job(source)} is still {status}, and its results are not complete. "
                "Load them when it has finished.",
            )


def _ended(source: Source, status: Any) -> Source:
    if status in ("error", "canceled"):
        word = "was canceled" if status == "canceled" else "failed"
        raise OpenEOError("UrlNotAvailable", f"{_job(source)} {word}: its results are incomplete.")
    return source


def _job(source: Source) -> str:
    return f"The batch job '{str(source.document.get('id'))[:100]}' whose results are loaded"
