"""What the database itself refuses, whoever asks it.

- No row of a table marked APPEND_ONLY is ever changed or deleted (nor replaced, nor truncated).
- A transfer is refused unless its postings sum to zero; no posting joins it afterwards.
- A running balance must continue the one before it without a gap.
- A day whose month has its verdict is neither changed nor deleted, nor does one come to it.

The idea of having the database refuse bad books: django-hordak.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator

from aggregator.storage.metadata import append_only_tables

APPEND_ONLY = "the books are append-only"
UNBALANCED = "the postings of a transfer must sum to zero"
SEALED = "a transfer takes no postings after it is written"
OUT_OF_SEQUENCE = "a running balance must continue the one before it"
FROZEN = "the days of a closed month are frozen"

_SUM = "SELECT count(*) > 1 AND sum(amount) = 0 FROM posting WHERE transfer = NEW.id"
_SEALED = "EXISTS (SELECT 1 FROM transfer WHERE id = NEW.transfer)"
_CONTINUED = (
    "NEW.balance = NEW.amount + CASE WHEN NEW.sequence = 1 THEN 0 ELSE "
    "(SELECT balance FROM posting WHERE account = NEW.account AND sequence = NEW.sequence - 1) END"
)
_CLOSED = "EXISTS (SELECT 1 FROM health_month WHERE backend = {0} AND month = substr({1}, 1, 7))"


def sqlite_triggers() -> Iterator[str]:
    """Statements that make the triggers in SQLite, if they are not there."""
    for table in append_only_tables():
        name = table.name
        for action in ("UPDATE", "DELETE"):
            yield _sqlite(f"{name}_{action.lower()}", f"BEFORE {action} ON {name}", APPEND_ONLY)
        # INSERT OR REPLACE would delete the old row without asking the trigger above
        keys = [column.name for column in table.primary_key]
        same = " AND ".join(f"{key} = NEW.{key}" for key in keys)
        there = f"EXISTS (SELECT 1 FROM {name} WHERE {same})"  # noqa: S608 - our own names
        yield _sqlite(f"{name}_replace", f"BEFORE INSERT ON {name}", APPEND_ONLY, there)
    named = "EXISTS (SELECT 1 FROM transfer WHERE key = NEW.key)"
    yield _sqlite("transfer_again", "BEFORE INSERT ON transfer", APPEND_ONLY, named)
    yield _sqlite("transfer_sums", "BEFORE INSERT ON transfer", UNBALANCED, f"NOT ({_SUM})")
    yield _sqlite("posting_sealed", "BEFORE INSERT ON posting", SEALED, _SEALED)
    continued = f"NEW.sequence IS NOT NULL AND ({_CONTINUED}) IS NOT TRUE"
    yield _sqlite("posting_continues", "BEFORE INSERT ON posting", OUT_OF_SEQUENCE, continued)
    for action, row in (("INSERT", "NEW"), ("UPDATE", "OLD"), ("DELETE", "OLD")):
        closed = _CLOSED.format(f"{row}.backend", f"{row}.day")
        yield _sqlite(f"day_{action.lower()}", f"BEFORE {action} ON health_day", FROZEN, closed)


def _sqlite(name: str, event: str, refusal: str, when: str = "") -> str:
    condition = f" WHEN {when}" if when else ""
    return (
        f"CREATE TRIGGER IF NOT EXISTS {name} {event}{condition} "
        f"BEGIN SELECT RAISE(ABORT, '{refusal}'); END"
    )


def postgresql_triggers(there: Collection[str]) -> Iterator[str]:
    """Statements that make the functions in PostgreSQL, and the triggers that are not `there`.

    Making a trigger locks its table, so that those of books in use are left alone.
    """
    yield _function("ledger_refuse", f"RAISE EXCEPTION '{APPEND_ONLY}';")
    yield _function("ledger_sums", _unless(_SUM, UNBALANCED))
    sealed = _unless(f"NOT {_SEALED}", SEALED)
    running = f"IF NEW.sequence IS NOT NULL THEN {_unless(_CONTINUED, OUT_OF_SEQUENCE)} END IF;"
    yield _function("ledger_posting", sealed + running)
    closed = _CLOSED.format("COALESCE(OLD.backend, NEW.backend)", "COALESCE(OLD.day, NEW.day)")
    deleted = "IF TG_OP = 'DELETE' THEN RETURN OLD; END IF;"
    yield _function("health_frozen", _unless(f"NOT {closed}", FROZEN) + deleted)
    for name, table, event, function in _postgresql():
        if name not in there:
            yield (
                f"CREATE TRIGGER {name} {event} ON {table} "
                f"FOR EACH {'STATEMENT' if 'TRUNCATE' in event else 'ROW'} "
                f"EXECUTE FUNCTION {function}()"
            )


def _postgresql() -> Iterator[tuple[str, str, str, str]]:
    """Name, table, event and function of each trigger."""
    for table in append_only_tables():
        yield f"{table.name}_append_only", table.name, "BEFORE UPDATE OR DELETE", "ledger_refuse"
        yield f"{table.name}_no_truncate", table.name, "BEFORE TRUNCATE", "ledger_refuse"
    yield "transfer_sums", "transfer", "BEFORE INSERT", "ledger_sums"
    yield "posting_continues", "posting", "BEFORE INSERT", "ledger_posting"
    yield "health_day_frozen", "health_day", "BEFORE INSERT OR UPDATE OR DELETE", "health_frozen"
    yield "health_day_no_truncate", "health_day", "BEFORE TRUNCATE", "ledger_refuse"


def _unless(promise: str, refusal: str) -> str:
    return f"IF ({promise}) IS NOT TRUE THEN RAISE EXCEPTION '{refusal}'; END IF;"


def _function(name: str, body: str) -> str:
    return (
        f"CREATE OR REPLACE FUNCTION {name}() RETURNS trigger LANGUAGE plpgsql AS "
        f"$$ BEGIN {body} RETURN NEW; END $$"
    )
