"""Results of the user's own jobs in `load_stac`, where they need no signature."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final
from urllib.parse import unquote

from backends.errors import job_not_found
from backends.jobs.records import Job

LOADING: Final = "load_stac"
_END: Final = "/results"

Find = Callable[[str], Job | None]
"""Finds a batch job by its id, whosever it is."""
Sign = Callable[[Job], str]
"""The URL at which a job's results can be read by whoever has it."""


class OwnResults:
    """Puts signed URLs in the place of those that only the user could read.

    Results at the same backend are loaded by `/jobs/{id}/results`, below `api_url`.
    Source: openEO processes 2.0.0-rc.1, `load_stac`, parameter `url`.
    """

    def __init__(self, api_url: str, find: Find, sign: Sign) -> None:
        self._base = f"{api_url.rstrip('/')}/jobs/"
        self._find = find
        self._sign = sign

    def opened(self, process: Mapping[str, Any], user: str) -> dict[str, Any]:
        """The process as it can run without its user; the input stays as it is.

        Raises ``JobNotFound`` for a job that is not there or not the user's.
        """
        opened = dict(process)
        if "process_graph" in process:
            opened["process_graph"] = self._values(process["process_graph"], user)
        parameters = process.get("parameters")
        if isinstance(parameters, list):
            opened["parameters"] = [self._default(item, user) for item in parameters]
        return opened

    def _values(self, value: Any, user: str) -> Any:
        """The same JSON, with other URLs in the nodes that load STAC."""
        if isinstance(value, list):
            return [self._values(item, user) for item in value]
        if not isinstance(value, Mapping):
            return value
        inner = {key: self._values(item, user) for key, item in value.items()}
        arguments = inner.get("arguments")
        if inner.get("process_id") == LOADING and isinstance(arguments, dict):
            return {**inner, "arguments": self._replaced(arguments, "url", user)}
        return inner

    def _default(self, parameter: Any, user: str) -> Any:
        known = isinstance(parameter, Mapping)
        return self._replaced(parameter, "default", user) if known else parameter

    def _replaced(self, document: Mapping[str, Any], key: str, user: str) -> Mapping[str, Any]:
        url = document.get(key)
        identifier = self._job_of(url) if isinstance(url, str) else None
        if identifier is None:
            return document
        job = self._find(identifier)
        if job is None or job.user != user:
            raise job_not_found(identifier)
        return {**document, key: self._sign(job)}

    def _job_of(self, url: str) -> str | None:
        """The id in the URL of a job's results here; None for any other URL."""
        path = url.partition("?")[0].rstrip("/")
        if not (path.startswith(self._base) and path.endswith(_END)):
            return None
        identifier = unquote(path[len(self._base) : -len(_END)])
        return identifier if identifier and "/" not in identifier else None
