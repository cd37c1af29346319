"""The table of what users agreed to. Times are milliseconds since 1970 (UTC)."""

from __future__ import annotations

from sqlalchemy import BigInteger, CheckConstraint, Column, Index, Integer, String, Table, Text

from aggregator.storage.metadata import APPEND_ONLY, metadata

consent_event = Table(
    "consent_event",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("issuer", Text, nullable=False),
    Column("person", Text, nullable=False),
    Column("deed", String(20), nullable=False),
    Column("version", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    CheckConstraint("deed IN ('agreed', 'withdrawn')", name="consent_event_deed"),
    Index("consent_event_by_person", "issuer", "person", "id"),
    info=APPEND_ONLY,
)
