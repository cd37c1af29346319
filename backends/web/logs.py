"""Log entries, page by page."""

from collections.abc import Callable
from typing import Any

from flask import Response, request

from backends.errors import OpenEOError
from backends.jobs.records import LEVELS, Job, Level, LogEntry
from backends.web.backend import backend
from backends.web.documents import json_response, limit_parameter, next_link, number_parameter


def log_page(job: Job, path: str) -> Response:
    """The entries of the job's log that the query asks for (``offset``, ``level``, ``limit``)."""
    return entry_page(lambda **page: backend().store.logs(job.id, **page), job.log_level, path)


def entry_page(read: Callable[..., list[LogEntry]], stored: Level, path: str) -> Response:
    """The entries that the query asks for; ``read`` takes ``after``, ``level`` and ``limit``,
    and ``stored`` is the level from which on entries are kept.
    """
    limit, level = limit_parameter(), _level()
    after = number_parameter("offset") or 0
    entries = read(after=after, level=level, limit=None if limit is None else limit + 1)
    links = []
    if limit is not None and len(entries) > limit:
        entries = entries[:limit]
        links.append(next_link(path, limit=limit, offset=entries[-1].number, level=level))
    document: dict[str, Any] = {"logs": [entry.as_json() for entry in entries], "links": links}
    # What is stored starts at the job's own level, whatever is asked for. The API has said so
    # since 1.2.0, the federation asks every member to (api-805).
    document["level"] = max(level, stored, key=LEVELS.index)
    return json_response(document)


def _level() -> Level:
    level = request.args.get("level") or "debug"
    if level not in LEVELS:
        raise OpenEOError(
            "RequestInvalid", f"The query parameter 'level' is one of {', '.join(LEVELS)}."
        )
    return level
