"""The tables of federated jobs. Times are milliseconds since 1970 (UTC).

Rows change and go: they are work, not books. `sealed` holds credentials that only the federation
can open, for as long as there is something to do for their user. `federated_result` has the joined
results of a job as its user last got them, for who has a signed link to them.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Float, ForeignKey, Index, Integer, String, Table, Text

from aggregator.storage.metadata import metadata

federated_job = Table(
    "federated_job",
    metadata,
    Column("id", String(60), primary_key=True),
    Column("issuer", Text, nullable=False),
    Column("owner", Text, nullable=False),
    Column("kind", String(20), nullable=False),
    Column("request", Text, nullable=False),
    Column("process", Text, nullable=False),
    Column("plan", Text, nullable=False),
    Column("status", String(20), nullable=False),
    Column("wish", String(20), nullable=False),
    Column("run", Integer, nullable=False),
    Column("until", BigInteger),
    Column("problem", Text),
    Column("created", BigInteger, nullable=False),
    Column("updated", BigInteger, nullable=False),
    Column("due", BigInteger),
    Column("sealed", Text),
    Column("sealed_at", BigInteger),
    Index("federated_job_by_owner", "owner", "issuer", "created"),
    Index("federated_job_by_due", "due"),
)

federated_part = Table(
    "federated_part",
    metadata,
    Column("federated", String(60), ForeignKey("federated_job.id"), primary_key=True),
    Column("run", Integer, primary_key=True, autoincrement=False),
    Column("id", String(100), primary_key=True),
    Column("number", Integer, nullable=False),
    Column("backend", Text, nullable=False),
    Column("needs", Text, nullable=False),
    Column("stage", String(20), nullable=False),
    Column("job", Text, nullable=False),
    Column("status", Text, nullable=False),
    Column("progress", Float),
    Column("costs", Float),
    Column("usage", Text, nullable=False),
    Column("budget", BigInteger),
    Column("since", BigInteger, nullable=False),
    Column("due", BigInteger, nullable=False),
    Column("trouble", String(20), nullable=False),
    Column("troubled", BigInteger, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("log", Text, nullable=False),
    Index("federated_part_by_job", "job", "backend"),
)

federated_line = Table(
    "federated_line",
    metadata,
    Column("federated", String(60), ForeignKey("federated_job.id"), primary_key=True),
    Column("sequence", Integer, primary_key=True, autoincrement=False),
    Column("at", BigInteger, nullable=False),
    Column("level", String(20), nullable=False),
    Column("message", Text, nullable=False),
    Column("part", Text, nullable=False),
    Column("backend", Text, nullable=False),
    Column("code", Text, nullable=False),
    Column("document", Text, nullable=False),
)

federated_result = Table(
    "federated_result",
    metadata,
    Column("federated", String(60), ForeignKey("federated_job.id"), primary_key=True),
    Column("run", Integer, nullable=False),
    Column("document", Text, nullable=False),
)
