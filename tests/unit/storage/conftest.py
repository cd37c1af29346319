"""Every test of the ledger runs against SQLite and, where there is one, PostgreSQL.

`LEDGER_TEST_POSTGRESQL` names the server; without one these tests are skipped and say so. Each test
has a schema of its own.
"""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError

from aggregator.storage.ledger import Ledger, open_ledger
from tests.unit.ledger.documents import tariffs

SERVER = os.environ.get("LEDGER_TEST_POSTGRESQL", "postgresql+psycopg://127.0.0.1:5432/test")


def postgresql_schema() -> Iterator[str]:
    """The URL of a new schema, which is dropped at the end."""
    pytest.importorskip("psycopg", reason="psycopg is not installed: PostgreSQL is not tested")
    engine = create_engine(SERVER, connect_args={"connect_timeout": 3})
    name = f"ledger_{uuid.uuid4().hex}"
    try:
        with engine.begin() as connection:
            connection.execute(text(f"CREATE SCHEMA {name}"))
    except OperationalError as error:
        pytest.skip(f"no PostgreSQL at {SERVER} (LEDGER_TEST_POSTGRESQL): {error.orig}")
    yield f"{SERVER}?options={quote(f'-csearch_path={name}')}"
    with engine.begin() as connection:
        connection.execute(text(f"DROP SCHEMA {name} CASCADE"))
    engine.dispose()


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[str]:
    """The URL of an empty database."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/ledger.sqlite"
    else:
        yield from postgresql_schema()


@pytest.fixture
def ledger(url: str) -> Iterator[Ledger]:
    """An empty ledger."""
    opened = open_ledger(url, tariffs())
    yield opened
    opened.database.dispose()
