"""The table of the processes that users have defined. Times are milliseconds since 1970 (UTC)."""

from __future__ import annotations

from sqlalchemy import BigInteger, Column, Index, String, Table, Text

from aggregator.storage.metadata import metadata

user_process = Table(
    "user_process",
    metadata,
    Column("owner", Text, primary_key=True),
    Column("id", String(200), primary_key=True),
    Column("document", Text, nullable=False),
    # The secret part of the address of a process that is public.
    Column("key", String(64), unique=True),
    Column("created", BigInteger, nullable=False),
    Column("updated", BigInteger, nullable=False),
    Index("user_process_by_id", "id"),
)
