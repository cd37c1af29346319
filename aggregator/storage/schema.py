"""The tables of the ledger. Amounts are millicredits, times milliseconds since 1970 (UTC).

A transfer is written after its postings: with it the database checks that they sum to zero, and
after it takes no more of them. The reference back is therefore checked at the end only.
"""

from __future__ import annotations

from sqlalchemy import (
    BigInteger,
    CheckConstraint,
    Column,
    ForeignKey,
    Index,
    Integer,
    String,
    Table,
    Text,
    UniqueConstraint,
)

from aggregator.storage.metadata import APPEND_ONLY, metadata

transfer = Table(
    "transfer",
    metadata,
    Column("id", BigInteger, primary_key=True, autoincrement=False),
    Column("key", Text, nullable=False, unique=True),
    Column("event", String(20), nullable=False),
    Column("at", BigInteger, nullable=False),
    Column("wallet", Text),
    Column("provider", Text),
    Column("job", Text),
    Column("regards", Text),
    Column("reason", Text),
    Index("transfer_by_wallet", "wallet", "id"),
    Index("transfer_by_provider", "provider", "at"),
    Index("transfer_by_regards", "regards"),
    info=APPEND_ONLY,
)

_RUNNING = (
    "(substr(account, 1, 6) = 'grant:' OR substr(account, 1, 5) = 'hold:' "
    "OR substr(account, 1, 10) = 'overdraft:')"
)

posting = Table(
    "posting",
    metadata,
    Column(
        "transfer",
        BigInteger,
        ForeignKey("transfer.id", deferrable=True, initially="DEFERRED"),
        primary_key=True,
        autoincrement=False,
    ),
    Column("account", Text, primary_key=True),
    Column("amount", BigInteger, nullable=False),
    Column("sequence", BigInteger),
    Column("balance", BigInteger),
    UniqueConstraint("account", "sequence", name="posting_in_sequence"),
    CheckConstraint("amount <> 0 AND abs(amount) <= 1000000000000000", name="posting_amount"),
    CheckConstraint(
        f"({_RUNNING} AND sequence > 0 AND balance IS NOT NULL) "
        f"OR (NOT {_RUNNING} AND sequence IS NULL AND balance IS NULL)",
        name="posting_running",
    ),
    CheckConstraint(
        "balance IS NULL OR balance = 0 "
        "OR (balance > 0) = (substr(account, 1, 10) <> 'overdraft:')",
        name="posting_never_overdrawn",
    ),
    info=APPEND_ONLY,
)

credit_grant = Table(
    "credit_grant",
    metadata,
    Column("key", Text, primary_key=True),
    Column("account", Text, nullable=False, unique=True),
    Column("wallet", Text, nullable=False),
    Column("provider", Text),
    Column("kind", String(20), nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("created", BigInteger, nullable=False),
    Column("expires", BigInteger),
    Column("note", Text, nullable=False),
    CheckConstraint("amount > 0", name="credit_grant_amount"),
    Index("credit_grant_by_wallet", "wallet", "expires"),
    Index("credit_grant_by_expiry", "expires"),
    info=APPEND_ONLY,
)

hold = Table(
    "hold",
    metadata,
    Column("key", Text, primary_key=True),
    Column("wallet", Text, nullable=False),
    Column("provider", Text, nullable=False),
    Column("amount", BigInteger, nullable=False),
    Column("opened", BigInteger, nullable=False),
    Column("expires", BigInteger, nullable=False),
    Column("job", Text),
    Column("holder", Text),
    Column("budget", BigInteger),
    Column("activity", String(20), nullable=False),
    CheckConstraint("amount > 0", name="hold_amount"),
    Index("hold_by_job", "job", "provider"),
    Index("hold_by_expiry", "expires"),
    Index("hold_by_holder", "holder", "provider", "expires"),
    info=APPEND_ONLY,
)

# Which job a hold turned out to be for, where the backend says that only in its answer.
hold_job = Table(
    "hold_job",
    metadata,
    Column("hold", Text, ForeignKey("hold.key"), primary_key=True),
    Column("job", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Index("hold_job_by_job", "job"),
    info=APPEND_ONLY,
)

closing = Table(
    "closing",
    metadata,
    Column("hold", Text, ForeignKey("hold.key"), primary_key=True),
    Column("at", BigInteger, nullable=False),
    Column("reason", String(40), nullable=False),
    info=APPEND_ONLY,
)

debtor = Table(
    "debtor",
    metadata,
    Column("account", Text, primary_key=True),
    Column("wallet", Text, nullable=False),
    Column("provider", Text, nullable=False),
    Index("debtor_by_wallet", "wallet"),
    info=APPEND_ONLY,
)

usage_report = Table(
    "usage_report",
    metadata,
    Column("provider", Text, primary_key=True),
    Column("key", Text, primary_key=True),
    Column("fingerprint", String(64), nullable=False),
    Column("source", Text, nullable=False),
    Column("reporter", Text, nullable=False),
    Column("activity", String(20), nullable=False),
    Column("person", Text, nullable=False),
    Column("organisation", BigInteger),
    Column("wallet", Text, nullable=False),
    Column("job", Text, nullable=False),
    Column("title", Text),
    Column("execution", Text, nullable=False),
    Column("service", Text),
    Column("started", BigInteger),
    Column("finished", BigInteger),
    Column("state", String(20)),
    Column("status", String(20)),
    Column("metrics", Text, nullable=False),
    Column("items", Text, nullable=False),
    Column("tariff_cost", BigInteger, nullable=False),
    Column("charged", BigInteger, nullable=False),
    Column("uncovered", BigInteger, nullable=False),
    Column("remarks", Text, nullable=False),
    Column("received", BigInteger, nullable=False),
    Column("day", String(10), nullable=False),
    Index("usage_report_by_job", "job", "provider"),
    Index("usage_report_by_day", "day", "provider"),
    Index("usage_report_by_person", "person", "day"),
    info=APPEND_ONLY,
)

# Reports that name another user than the one who started the work, as far as that was known.
misnaming = Table(
    "misnaming",
    metadata,
    Column("provider", Text, primary_key=True),
    Column("report", Text, primary_key=True),
    Column("named", Text, nullable=False),
    Column("starter", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Index("misnaming_by_time", "at"),
    info=APPEND_ONLY,
)

subscriber = Table(
    "subscriber",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("person", Text, nullable=False),
    Column("subscriptions", Text, nullable=False),
    Column("at", BigInteger, nullable=False),
    Index("subscriber_by_person", "person", "id"),
    info=APPEND_ONLY,
)

membership = Table(
    "membership",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("person", Text, nullable=False),
    Column("wallet", Text, nullable=False),
    Column("standing", String(20), nullable=False),
    Column("at", BigInteger, nullable=False),
    CheckConstraint("standing IN ('member', 'default', 'left')", name="membership_standing"),
    Index("membership_by_person", "person", "id"),
    info=APPEND_ONLY,
)

# What a backend last said of a job to its owner: not an entry of the books, so it may change.
sighting = Table(
    "sighting",
    metadata,
    Column("provider", Text, primary_key=True),
    Column("job", Text, primary_key=True),
    Column("person", Text, nullable=False),
    Column("status", String(20), nullable=False),
    Column("costs", BigInteger),
    Column("at", BigInteger, nullable=False),
    Index("sighting_by_time", "at"),
)
