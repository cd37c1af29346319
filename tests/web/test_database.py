"""The federation's database: one per process, wanted at the start, missed without harm later."""

from __future__ import annotations

from pathlib import Path

import pytest
import yaml

from aggregator.app import create_app
from aggregator.errors import DatabaseUnavailable
from aggregator.serve import serve
from aggregator.settings import SettingsError, read
from aggregator.usecases.federation import Federation
from tests.web.site import Site

MEMBERS = {"terra": {"url": "http://terra.test/openeo"}}


def in_the_way(directory: Path) -> str:
    """The URL of a database that cannot be: there is a file where its directory should be."""
    (directory / "file").write_text("in the way")
    return f"sqlite:///{directory}/file/federation.sqlite"


def test_a_database_that_cannot_be_opened_is_a_mistake_of_its_setting(tmp_path: Path) -> None:
    file = tmp_path / "federation.yaml"
    settings = {"data_directory": str(tmp_path), "database": in_the_way(tmp_path)}
    file.write_text(yaml.safe_dump({"backends": MEMBERS, **settings}))
    with pytest.raises(SettingsError) as caught:
        serve(file)
    (mistake,) = caught.value.mistakes
    assert mistake.startswith("database: cannot be opened: ")
    assert caught.value.source == str(file)


def test_what_needs_no_database_works_without(site: Site, tmp_path: Path) -> None:
    broken = Site(site.backends, tmp_path, database=in_the_way(tmp_path))
    with pytest.raises(DatabaseUnavailable):
        broken.federation.database.create()
    assert broken.client.get("/collections").status_code == 200
    assert broken.client.get("/health").status_code == 200


def test_a_federation_starts_without_its_database(tmp_path: Path) -> None:
    document = {
        "backends": {"terra": {"url": "http://127.0.0.1:1/openeo"}},
        "data_directory": str(tmp_path),
        "database": in_the_way(tmp_path),
    }
    federation: Federation = create_app(read(document)).extensions["federation"]
    federation.start()
    federation.stop()


def test_starting_makes_the_tables_and_stopping_lets_go_of_them(tmp_path: Path) -> None:
    document = {
        "backends": {"terra": {"url": "http://127.0.0.1:1/openeo"}},
        "data_directory": str(tmp_path),
    }
    federation: Federation = create_app(read(document)).extensions["federation"]
    assert not (tmp_path / "federation.sqlite").exists()
    federation.start()
    assert (tmp_path / "federation.sqlite").stat().st_size > 0
    federation.stop()
    assert not (tmp_path / "federation.sqlite-wal").exists(), "a connection is still open"
