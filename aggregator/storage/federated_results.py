"""Joined results of federated jobs as their users last got them, for who has a link to them."""

from __future__ import annotations

from typing import Any

import orjson
from sqlalchemy import delete, insert, select

from aggregator.documents import JsonObject
from aggregator.federated.states import REMOVE
from aggregator.storage.database import Database
from aggregator.storage.federated_rows import packed
from aggregator.storage.federated_schema import federated_job, federated_result


class FederatedResults:
    """Every method raises DatabaseUnavailable."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def keep(self, identifier: str, run: int, document: JsonObject) -> bool:
        """Keep what that run of a job has given, in the place of what was kept of it before.

        False if the job has gone, or was run again meanwhile.
        """
        job, kept = federated_job.c, federated_result.c
        with self._database.write() as connection:
            self._database.lock(connection, [f"federated/{identifier}"])
            now = select(job.run).where(job.id == identifier, job.wish != REMOVE)
            if connection.execute(now).scalar_one_or_none() != run:
                return False
            connection.execute(delete(federated_result).where(kept.federated == identifier))
            values = {"federated": identifier, "run": run, "document": packed(document)}
            connection.execute(insert(federated_result).values(values))
            return True

    def read(self, identifier: str, run: int) -> dict[str, Any] | None:
        """What is kept of that run; None if the job was run again since. KeyError without a job."""
        job, kept = federated_job.c, federated_result.c
        query = (
            select(job.run, kept.run.label("kept"), kept.document)
            .select_from(federated_job.outerjoin(federated_result))
            .where(job.id == identifier, job.wish != REMOVE)
        )
        with self._database.read() as connection:
            row = connection.execute(query).one_or_none()
        if row is None:
            raise KeyError(identifier)
        if row.run != run or row.kept != run:
            return None
        found: dict[str, Any] = orjson.loads(row.document)
        return found
