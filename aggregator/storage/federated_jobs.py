"""Federated jobs in the database: read, changed under a lock, found when something is due.

A change is a function from how things stand to how they will; it runs in the transaction, with the
job locked, and may run in any program.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import orjson
from sqlalchemy import (
    Connection,
    Row,
    and_,
    bindparam,
    delete,
    exists,
    func,
    insert,
    or_,
    select,
    update,
)

from aggregator.federated.states import (
    BATCH,
    LOGIN,
    REMOVE,
    JobState,
    Limits,
    Line,
    PartState,
)
from aggregator.federated.steps import next_due
from aggregator.routing.plans import Plan, plan_from_json
from aggregator.storage.database import Database
from aggregator.storage.federated_log import add_lines, read_last_error, read_lines
from aggregator.storage.federated_rows import (
    job_values,
    packed,
    part_values,
    read_part,
    read_state,
)
from aggregator.storage.federated_schema import (
    federated_job,
    federated_line,
    federated_part,
    federated_result,
)
from aggregator.storage.lease import Lease

Change = Callable[[JobState], JobState]
IN_ONE_QUESTION = 1000
"""Ids that a database is asked about at once: the parameters of a statement are limited."""
SET_BACK = 60_000
"""Milliseconds: a job that was changed so much later than now was so before the clock went back."""


class NotOurs(Exception):  # noqa: N818 - what has happened, no fault
    """Another program has taken over what this one was about to record."""


@dataclass(frozen=True)
class Owner:
    """A user: who says so (empty after a login by password), and the user's id there."""

    issuer: str
    user_id: str = field(repr=False)


@dataclass(frozen=True)
class FederatedJob:
    """A federated job with all that is kept of it.

    `request` is the body by which it was made, without the process; `process` is as its user sent
    it. `sealed` are the user's credentials at the members, `sealed_at` when they were brought.
    """

    state: JobState
    owner: Owner
    request: Mapping[str, Any]
    process: Mapping[str, Any]
    plan: Plan
    created: int
    updated: int
    sealed: str | None = field(default=None, repr=False)
    sealed_at: int | None = None


class FederatedJobs:
    """The federated jobs in a database. Every method raises DatabaseUnavailable."""

    def __init__(self, database: Database, limits: Limits) -> None:
        self.database, self._limits = database, limits

    def add(self, job: FederatedJob) -> None:
        """Keep a new one."""
        state = job.state
        values = {
            "id": state.id,
            "issuer": job.owner.issuer,
            "owner": job.owner.user_id,
            "kind": state.kind,
            "created": job.created,
            "updated": job.updated,
            "due": next_due(state, self._limits),
            "sealed": job.sealed,
            "sealed_at": job.sealed_at,
            **_described(job.request, job.process, job.plan),
            **job_values(state),
        }
        with self.database.write() as connection:
            connection.execute(insert(federated_job).values(values))
            self._write_parts(connection, state.id, {}, state.parts)
            add_lines(connection, state)

    def get(self, identifier: str) -> FederatedJob | None:
        """The one of that id."""
        with self.database.read() as connection:
            return _read(connection, identifier)

    def of(self, owner: Owner, identifier: str) -> FederatedJob | None:
        """The owner's batch job of that id, unless it is being removed."""
        found = self.get(identifier)
        if found is None or found.owner != owner or found.state.kind != BATCH:
            return None
        return None if found.state.wish == REMOVE else found

    def change(
        self, identifier: str, change: Change, now: int, *, fence: Lease | None = None
    ) -> JobState | None:
        """Change how a job stands; None if it is not there (any more).

        With a `fence` only who holds that lease may do it: NotOurs if another program does by now.
        A job of which nothing is left afterwards is forgotten.
        """
        return self._rewrite(identifier, lambda job: (change(job.state), {}), now, fence)

    def rewrite(
        self,
        identifier: str,
        change: Callable[[FederatedJob], FederatedJob],
        now: int,
        *,
        sealed: str | None = None,
    ) -> JobState | None:
        """Change a job together with what its user asks for: state, request, process and plan.

        `change` gets it as it stands then; what it raises undoes all. The credentials are kept if
        there is something left to do. None if the job is not there (any more).
        """
        brought = {} if sealed is None else {"sealed": sealed, "sealed_at": now}

        def changed(job: FederatedJob) -> tuple[JobState, dict[str, Any]]:
            after = change(job)
            return after.state, _described(after.request, after.process, after.plan) | brought

        return self._rewrite(identifier, changed, now)

    def seal(self, identifier: str, sealed: str, change: Change, now: int) -> None:
        """Take fresh credentials for a job that has something left to do."""
        fresh = {"sealed": sealed, "sealed_at": now}
        self._rewrite(identifier, lambda job: (change(job.state), fresh), now)

    def due(self, now: int) -> list[str]:
        """The jobs for which something is to be done, longest due first.

        With those that were changed in the future: the clock was set back, and nobody knows when.
        """
        c = federated_job.c
        query = select(c.id).where(c.due >= 0, or_(c.due <= now, c.updated > now + SET_BACK))
        with self.database.read() as connection:
            return list(connection.execute(query.order_by(c.due)).scalars())

    def page(
        self, owner: Owner, limit: int | None, after: tuple[int, str] | None = None
    ) -> list[FederatedJob]:
        """The owner's batch jobs by age, oldest first, those after one (its time and id)."""
        c = federated_job.c
        query = _of_owner(owner).where(c.kind == BATCH, c.wish != REMOVE)
        if after is not None:
            at, identifier = after
            query = query.where(or_(c.created > at, and_(c.created == at, c.id > identifier)))
        query = query.order_by(c.created, c.id).limit(limit)
        with self.database.read() as connection:
            rows = connection.execute(query).all()
            parts = _parts(connection, [row.id for row in rows])
        return [_joined(row, parts.get(row.id, ())) for row in rows]

    def places(self, owner: Owner) -> dict[str, set[tuple[str, str]]]:
        """For each job of the owner, backend and id of every part's job there."""
        whose = {"user": owner.user_id, "issuer": owner.issuer}
        with self.database.read() as connection:
            found: dict[str, set[tuple[str, str]]] = {
                identifier: set() for identifier in connection.scalars(_IDS, whose)
            }
            if not found:
                return found
            for identifier, backend, local_id in connection.execute(_PLACES, whose):
                found.setdefault(identifier, set()).add((backend, local_id))
        return found

    def unfinished(self, owner: Owner, brought_before: int) -> list[FederatedJob]:
        """The owner's jobs with something left to do, for which fresh credentials are wanted.

        These are those that wait for a login, and those whose credentials are so old; they first.
        """
        c = federated_job.c
        waits = exists().where(
            federated_part.c.federated == c.id, federated_part.c.trouble == LOGIN
        )
        wanted = or_(c.sealed_at <= brought_before, waits)
        query = _of_owner(owner).where(c.sealed.is_not(None), wanted).order_by(c.sealed_at, c.id)
        with self.database.read() as connection:
            rows = connection.execute(query).all()
            parts = _parts(connection, [row.id for row in rows])
        return [_joined(row, parts.get(row.id, ())) for row in rows]

    def lines(
        self, identifier: str, *, after: int, limit: int | None, levels: Collection[str]
    ) -> list[tuple[int, Line]]:
        """Numbers and lines of a job's log, those after a number."""
        with self.database.read() as connection:
            return read_lines(connection, identifier, after=after, limit=limit, levels=levels)

    def last_error(self, identifier: str, part: str, since: int) -> Line | None:
        """The last line of a job's log that tells of an error of a part, none before `since`."""
        with self.database.read() as connection:
            return read_last_error(connection, identifier, part, since)

    def count(self) -> dict[str, int]:
        """How many batch jobs there are of each status."""
        c = federated_job.c
        query = select(c.status, func.count()).where(c.kind == BATCH, c.wish != REMOVE)
        with self.database.read() as connection:
            rows = connection.execute(query.group_by(c.status)).all()
        return {status: number for status, number in rows}  # noqa: C416 - rows are no pairs to mypy

    def _rewrite(
        self,
        identifier: str,
        change: Callable[[FederatedJob], tuple[JobState, Mapping[str, Any]]],
        now: int,
        fence: Lease | None = None,
    ) -> JobState | None:
        """Change a job under its lock: how it stands, and other columns of it."""
        with self.database.write() as connection:
            if fence is not None and not fence.held(connection):
                raise NotOurs
            self.database.lock(connection, [f"federated/{identifier}"])
            found = _read(connection, identifier)
            if found is None:
                return None
            after, values = change(found)
            if after.over:
                _forget(connection, identifier)
                return after
            self._write(connection, found.state, after, now, values)
            return replace(after, lines=())

    def _write(
        self,
        connection: Connection,
        before: JobState,
        after: JobState,
        now: int,
        more: Mapping[str, Any],
    ) -> None:
        values = {**job_values(after), "due": next_due(after, self._limits), **more}
        if after != before or more:
            values["updated"] = now
        if not after.busy:  # nobody acts for the user any more
            values |= {"sealed": None, "sealed_at": None}
        this = federated_job.c.id == after.id
        connection.execute(update(federated_job).where(this).values(values))
        known = {part.key: part for part in before.parts}
        self._write_parts(connection, after.id, known, after.parts)
        add_lines(connection, after)

    def _write_parts(
        self,
        connection: Connection,
        identifier: str,
        known: Mapping[tuple[int, str], PartState],
        parts: Sequence[PartState],
    ) -> None:
        mine = federated_part.c.federated == identifier
        keys = {part.key for part in parts}
        # A part of another plan may have the name of one before it: those go first.
        for run, name in (key for key in known if key not in keys):
            this = and_(mine, federated_part.c.run == run, federated_part.c.id == name)
            connection.execute(delete(federated_part).where(this))
        for number, part in enumerate(parts):
            values = part_values(part, number)
            if part.key not in known:
                new = {"federated": identifier, **values}
                connection.execute(insert(federated_part).values(new))
            elif part != known[part.key]:
                this = and_(mine, federated_part.c.run == part.run, federated_part.c.id == part.id)
                connection.execute(update(federated_part).where(this).values(values))


def _described(
    request: Mapping[str, Any], process: Mapping[str, Any], plan: Plan
) -> dict[str, Any]:
    return {
        "request": packed(request),
        "process": packed(process),
        "plan": packed(plan.as_json()),
    }


# Composed once: they are asked for each list of jobs, and mostly find nothing.
_IDS = select(federated_job.c.id).where(
    federated_job.c.owner == bindparam("user"), federated_job.c.issuer == bindparam("issuer")
)
_PLACES = (
    _IDS.join(federated_part)
    .where(federated_part.c.job != "")
    .add_columns(federated_part.c.backend, federated_part.c.job)
)


def _of_owner(owner: Owner) -> Any:
    c = federated_job.c
    return select(federated_job).where(c.owner == owner.user_id, c.issuer == owner.issuer)


def _read(connection: Connection, identifier: str) -> FederatedJob | None:
    query = select(federated_job).where(federated_job.c.id == identifier)
    row = connection.execute(query).one_or_none()
    if row is None:
        return None
    return _joined(row, _parts(connection, [identifier]).get(identifier, ()))


def _parts(connection: Connection, identifiers: Sequence[str]) -> dict[str, tuple[Any, ...]]:
    c = federated_part.c
    found: dict[str, list[PartState]] = {}
    for at in range(0, len(identifiers), IN_ONE_QUESTION):
        some = identifiers[at : at + IN_ONE_QUESTION]
        query = select(federated_part).where(c.federated.in_(some)).order_by(c.run, c.number)
        for row in connection.execute(query):
            found.setdefault(row.federated, []).append(read_part(row))
    return {identifier: tuple(parts) for identifier, parts in found.items()}


def _joined(row: Row[Any], parts: tuple[PartState, ...]) -> FederatedJob:
    return FederatedJob(
        state=read_state(row, parts),
        owner=Owner(row.issuer, row.owner),
        request=orjson.loads(row.request),
        process=orjson.loads(row.process),
        plan=plan_from_json(orjson.loads(row.plan)),
        created=row.created,
        updated=row.updated,
        sealed=row.sealed,
        sealed_at=row.sealed_at,
    )


def _forget(connection: Connection, identifier: str) -> None:
    for table in (federated_line, federated_part, federated_result):
        connection.execute(delete(table).where(table.c.federated == identifier))
    connection.execute(delete(federated_job).where(federated_job.c.id == identifier))
