"""The logs of federated jobs in the database."""

from __future__ import annotations

from collections.abc import Collection

from sqlalchemy import Connection, and_, delete, func, insert, select

from aggregator.federated.logs import numbered, outdated
from aggregator.federated.states import JobState, Line
from aggregator.storage.federated_rows import line_values, read_line
from aggregator.storage.federated_schema import federated_line


def read_lines(
    connection: Connection,
    identifier: str,
    *,
    after: int,
    limit: int | None,
    levels: Collection[str],
) -> list[tuple[int, Line]]:
    """Numbers and lines of a job's log, those after a number."""
    c = federated_line.c
    wanted = and_(c.federated == identifier, c.sequence > after, c.level.in_(levels))
    query = select(federated_line).where(wanted).order_by(c.sequence).limit(limit)
    return [(row.sequence, read_line(row)) for row in connection.execute(query)]


def read_last_error(connection: Connection, identifier: str, part: str, since: int) -> Line | None:
    """The last line of a job's log that tells of an error of a part, none before `since`."""
    c = federated_line.c
    mine = and_(c.federated == identifier, c.part == part, c.at >= since)
    wanted = and_(mine, c.level == "error")
    query = select(federated_line).where(wanted).order_by(c.sequence.desc()).limit(1)
    row = connection.execute(query).one_or_none()
    return None if row is None else read_line(row)


def add_lines(connection: Connection, state: JobState) -> None:
    """Keep the new lines of a job as far as its log has room, and forget what they displace."""
    if not state.lines:
        return
    c = federated_line.c
    mine = c.federated == state.id
    last = select(func.coalesce(func.max(c.sequence), 0)).where(mine)
    kept = numbered(state.lines, int(connection.execute(last).scalar_one()))
    gone = outdated(kept[-1][0]) if kept else range(0)
    rows = [
        {"federated": state.id, "sequence": number, **line_values(line)}
        for number, line in kept
        if number not in gone
    ]
    if gone:
        between = c.sequence.between(gone.start, gone.stop - 1)
        connection.execute(delete(federated_line).where(mine, between))
    if rows:
        connection.execute(insert(federated_line), rows)
