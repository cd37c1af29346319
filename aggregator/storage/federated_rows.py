"""Between rows of federated jobs and the domain's values."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from sqlalchemy import Row

from aggregator.documents import text
from aggregator.federated.states import JobState, Line, PartState, Problem


def part_values(part: PartState, number: int) -> dict[str, Any]:
    """The columns of a part beside that of its job."""
    values = {
        "run": part.run,
        "id": part.id,
        "number": number,
        "backend": part.backend,
        "needs": packed(list(part.needs)),
        "stage": part.stage,
        "job": part.job,
        "status": part.status,
        "progress": part.progress,
        "costs": part.costs,
        "usage": packed(part.usage),
        "budget": part.budget,
        "since": part.since,
        "due": part.due,
        "trouble": part.trouble,
        "troubled": part.troubled,
        "tries": part.tries,
        "attempts": part.attempts,
        "log": part.log,
    }
    return _storable(values)


def read_part(row: Row[Any]) -> PartState:
    """The part in a row."""
    return PartState(
        id=row.id,
        backend=row.backend,
        needs=tuple(orjson.loads(row.needs)),
        run=row.run,
        stage=row.stage,
        job=row.job,
        status=row.status,
        progress=row.progress,
        costs=row.costs,
        usage=orjson.loads(row.usage),
        budget=row.budget,
        since=row.since,
        due=row.due,
        trouble=row.trouble,
        troubled=row.troubled,
        tries=row.tries,
        attempts=row.attempts,
        log=row.log,
    )


def job_values(state: JobState) -> dict[str, Any]:
    """The columns of a job that change while it runs."""
    problem = state.problem
    told = None if problem is None else packed(vars(problem))
    return {
        "status": state.status,
        "wish": state.wish,
        "run": state.run,
        "until": state.until,
        "problem": told,
    }


def read_state(row: Row[Any], parts: tuple[PartState, ...]) -> JobState:
    """The job in a row, with its parts."""
    found = orjson.loads(row.problem) if row.problem else None
    keys = ("code", "message", "part", "backend")
    problem = Problem(*(text(found, key) for key in keys)) if found else None
    return JobState(
        row.id, parts, row.kind, row.status, row.wish, row.run, row.until, problem=problem
    )


def line_values(line: Line) -> dict[str, Any]:
    """The columns of a line beside those that tell it from others."""
    return _storable({**vars(line), "document": packed(line.document)})


def read_line(row: Row[Any]) -> Line:
    """The line in a row."""
    document: Mapping[str, Any] = orjson.loads(row.document)
    return Line(row.at, row.level, row.message, row.part, row.backend, row.code, document)


def packed(value: Any) -> str:
    """JSON as a column holds it."""
    return orjson.dumps(value).decode()


def _storable(values: Mapping[str, Any]) -> dict[str, Any]:
    """The values without zero characters, which PostgreSQL does not take."""
    return {
        key: value.replace("\0", "\ufffd") if isinstance(value, str) else value
        for key, value in values.items()
    }
