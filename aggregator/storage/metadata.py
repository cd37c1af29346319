"""What all tables of the federation share, whichever room they belong to.

A room's tables stand in a module of their own here (`storage/health_schema.py`), which is named in
`storage/tables.py`::

    visit = Table("visit", metadata, Column(...), info=APPEND_ONLY)

`Database.create` makes tables that are not there, also beside older ones. Of tables marked
APPEND_ONLY the database refuses to change or delete a row; leave the mark out where rows may go.
"""

from __future__ import annotations

from sqlalchemy import MetaData, Table

metadata = MetaData()
APPEND_ONLY = {"append_only": True}


def append_only_tables() -> tuple[Table, ...]:
    """The tables of which no row is ever changed or deleted."""
    return tuple(table for table in metadata.tables.values() if table.info.get("append_only"))
