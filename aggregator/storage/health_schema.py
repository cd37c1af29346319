"""The tables of the availability record. Times are milliseconds since 1970 (UTC).

Raw observations are kept for about a week, the days for ever. A month's verdict is written once,
and the days of a month that has one can no longer change (`triggers`). What operators write is only
added to.
"""

from __future__ import annotations

from sqlalchemy import BigInteger, Boolean, Column, Index, Integer, String, Table, Text

from aggregator.storage.metadata import APPEND_ONLY, metadata

observation = Table(
    "observation",
    metadata,
    Column("backend", Text, primary_key=True),
    Column("at", BigInteger, primary_key=True, autoincrement=False),
    Column("up", Boolean, nullable=False),
    Column("duration", Integer, nullable=False),
    Column("status", Integer),
    Column("error", String(20), nullable=False),
    Column("detail", Text, nullable=False),
    Index("observation_by_time", "at"),
)

health_track = Table(
    "health_track",
    metadata,
    Column("backend", Text, primary_key=True),
    Column("state", String(20), nullable=False),
    Column("since", BigInteger),
    Column("last_up", BigInteger),
    Column("row", Integer, nullable=False),
    Column("row_since", BigInteger, nullable=False),
    Column("last", Text, nullable=False),
)
"""What is carried on from one observation of a member to the next; `last` is one as JSON."""

health_day = Table(
    "health_day",
    metadata,
    Column("backend", Text, primary_key=True),
    Column("day", String(10), primary_key=True),
    Column("up", Integer, nullable=False),
    Column("down", Integer, nullable=False),
    Column("excused_up", Integer, nullable=False),
    Column("excused_down", Integer, nullable=False),
    Column("first", BigInteger, nullable=False),
    Column("last", BigInteger, nullable=False),
    Column("durations", Text, nullable=False),
    Index("health_day_by_day", "day"),
)

health_month = Table(
    "health_month",
    metadata,
    Column("backend", Text, primary_key=True),
    Column("month", String(7), primary_key=True),
    Column("closed", BigInteger, nullable=False),
    Column("sequence", BigInteger, nullable=False),
    Column("standing", String(20), nullable=False),
    Column("verdict", Text, nullable=False),
    Column("policy", Text, nullable=False),
    info=APPEND_ONLY,
)
"""A month's verdict as JSON, with the evidence, and the policy by which it was judged."""

decision = Table(
    "health_decision",
    metadata,
    Column("sequence", BigInteger, primary_key=True, autoincrement=False),
    Column("backend", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("kind", String(20), nullable=False),
    Column("by", Text, nullable=False),
    Column("reason", Text, nullable=False),
    Column("after", Text, nullable=False),
    Index("health_decision_by_backend", "backend", "sequence"),
    info=APPEND_ONLY,
)
"""An operator's decision, and the state after it as JSON."""

incident = Table(
    "incident",
    metadata,
    Column("id", Text, primary_key=True),
    Column("backend", Text, nullable=False),
    Column("opened", BigInteger, nullable=False),
    Column("noticed", BigInteger, nullable=False),
    Column("closed", BigInteger),
    Column("error", String(20), nullable=False),
    Column("detail", Text, nullable=False),
    Index("incident_by_backend", "backend", "opened"),
    Index("incident_by_time", "opened"),
)

incident_note = Table(
    "incident_note",
    metadata,
    Column("sequence", BigInteger, primary_key=True, autoincrement=False),
    Column("incident", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("by", Text, nullable=False),
    Column("text", Text, nullable=False),
    Index("incident_note_by_incident", "incident"),
    info=APPEND_ONLY,
)

maintenance = Table(
    "maintenance",
    metadata,
    Column("id", Text, primary_key=True),
    Column("backend", Text, nullable=False),
    Column("starts", BigInteger, nullable=False),
    Column("ends", BigInteger, nullable=False),
    Column("announced", BigInteger, nullable=False),
    Column("entered", BigInteger, nullable=False),
    Column("by", Text, nullable=False),
    Column("text", Text, nullable=False),
    Index("maintenance_by_backend", "backend", "starts"),
    info=APPEND_ONLY,
)
"""`announced` is when the members' users could know; `entered` when this record was told."""

announcement = Table(
    "announcement",
    metadata,
    Column("id", Text, primary_key=True),
    Column("backend", Text, nullable=False),
    Column("kind", String(20), nullable=False),
    Column("title", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("announced", BigInteger, nullable=False),
    Column("effective", BigInteger),
    Column("entered", BigInteger, nullable=False),
    Column("by", Text, nullable=False),
    info=APPEND_ONLY,
)

withdrawal = Table(
    "withdrawal",
    metadata,
    Column("subject", Text, primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("by", Text, nullable=False),
    Column("reason", Text, nullable=False),
    info=APPEND_ONLY,
)
"""Maintenance that was called off, or an announcement that no longer holds."""

health_event = Table(
    "health_event",
    metadata,
    Column("sequence", BigInteger, primary_key=True, autoincrement=False),
    Column("id", Text, nullable=False, unique=True),
    Column("at", BigInteger, nullable=False),
    Column("kind", String(30), nullable=False),
    Column("backend", Text, nullable=False),
    Column("title", Text, nullable=False),
    Column("text", Text, nullable=False),
    Column("data", Text, nullable=False),
    info=APPEND_ONLY,
)
"""What the feed shows and webhooks are told, written together with what it is about."""

delivery = Table(
    "delivery",
    metadata,
    Column("event", Text, primary_key=True),
    Column("target", Text, primary_key=True),
    Column("attempts", Integer, nullable=False),
    Column("due", BigInteger),
    Column("done", BigInteger),
    Column("problem", Text, nullable=False),
    Index("delivery_by_due", "due"),
)
"""A webhook to be told of an event: `due` is empty once it was told, or given up."""

lease = Table(
    "lease",
    metadata,
    Column("name", String(40), primary_key=True),
    Column("holder", Text, nullable=False),
    Column("expires", BigInteger, nullable=False),
)
