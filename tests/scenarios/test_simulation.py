"""Ready scenarios, played against the federation's own code; their reports are kept beside.

After a change that is meant, write them anew: python -m tests.scenarios.test_simulation
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from aggregator.storage.database import Database
from scripts.federation.main import main
from scripts.federation.simulating import HistoryThere, play, seed
from scripts.simulation.report import markdown
from scripts.simulation.scenario import load_scenario, read_scenario
from scripts.simulation.timeline import timeline
from tests.unit.storage.conftest import postgresql_schema
from tests.web.site import Site, backend

GOLDEN = Path(__file__).parent / "golden"
READY = sorted((Path(__file__).parents[2] / "config" / "scenarios").glob("*.yaml"))
SHORT: dict[str, Any] = {
    "title": "Short",
    "start": "2026-01-01",
    "months": 1,
    "members": {
        "terra": {
            "collections": ["S2"],
            "failures": [{"days_between": 3, "hours_to_repair": 6}],
            "free_credits": 8,
        },
        "aurora": {"collections": ["S2"], "free_credits": 8},
    },
    "load": {"users": 2, "jobs_per_day": 2, "hours": 1},
}


def played(document: dict[str, Any], url: str, folder: Path) -> dict[str, Any]:
    return play(read_scenario(document), url, folder)


def report_of(file: Path, folder: Path) -> str:
    return markdown(play(load_scenario(file), f"sqlite:///{folder}/f.sqlite", folder))


@pytest.mark.parametrize("file", READY, ids=lambda file: file.stem)
def test_a_ready_scenario_ends_as_its_kept_report_says(file: Path, tmp_path: Path) -> None:
    kept = (GOLDEN / f"{file.stem}.md").read_text(encoding="utf-8")
    assert report_of(file, tmp_path) == kept


def test_who_cannot_pay_at_one_member_is_served_by_another_until_nothing_is_left(
    tmp_path: Path,
) -> None:
    outcome = played(SHORT, f"sqlite:///{tmp_path}/f.sqlite", tmp_path)
    members = outcome["members"]
    assert members["terra"]["jobs_served"] > 0
    assert members["aurora"]["jobs_served"] > 0
    assert outcome["jobs"]["refused"]["PaymentRequired"] > 0
    assert "renewed on 2026-02-01" in outcome["jobs"]["examples"]["PaymentRequired"]
    for member in members.values():
        assert sum(member["credits"].values()) > 0
    assert outcome["mistakes_in_books"] == []


def test_two_databases_tell_the_same_story(tmp_path: Path) -> None:
    here = played(SHORT, f"sqlite:///{tmp_path}/f.sqlite", tmp_path)
    schemas: Iterator[str] = postgresql_schema()
    there = played(SHORT, next(schemas), tmp_path)
    next(schemas, None)
    assert there == here


def test_the_picture_has_every_member_and_marks_bad_days(tmp_path: Path) -> None:
    outcome = played(SHORT, f"sqlite:///{tmp_path}/f.sqlite", tmp_path)
    picture = timeline(outcome).decode()
    assert picture.count(">terra<") == picture.count(">aurora<") == 1
    assert "probes failed" in picture


def test_the_command_writes_report_picture_and_data(tmp_path: Path) -> None:
    file = tmp_path / "short.yaml"
    file.write_text(
        "title: Short\nstart: 2026-01-01\nmonths: 1\nmembers: {terra: {collections: [S2]}}\n"
        "load: {jobs_per_day: 1}\n"
    )
    found = CliRunner().invoke(main, ["simulate", str(file), "--output", str(tmp_path / "out")])
    assert found.exit_code == 0, found.output
    assert "## Verdicts" in found.output
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert {"report.md", "report.json", "timeline.svg", "federation.sqlite"} <= names


def test_the_command_names_every_mistake_of_a_scenario(tmp_path: Path) -> None:
    file = tmp_path / "wrong.yaml"
    file.write_text("title: Wrong\nmonths: many\n")
    found = CliRunner().invoke(main, ["simulate", str(file)])
    assert found.exit_code == 2
    assert "months: must be a number" in found.output
    assert "members: must name" in found.output


def test_a_federation_begins_with_the_past_of_a_scenario(tmp_path: Path) -> None:
    site = Site({name: backend(name) for name in ("terra", "aurora")}, tmp_path)
    config = tmp_path / "federation.yaml"
    config.write_text(
        "backends: {terra: {url: 'http://terra.test'}, aurora: {url: 'http://aurora.test'}}\n"
        f"data_directory: {tmp_path}\n"
    )
    file = tmp_path / "short.yaml"
    file.write_text(
        "title: Short\nstart: 2026-01-01\nmonths: 3\n"
        "members:\n  terra: {collections: [S2], failures: [{days_between: 2}]}\n"
        "  aurora: {collections: [S2]}\nload: {jobs_per_day: 1}\n"
    )
    seed(file, config, tmp_path)
    overview = site.federation.availability.record
    database: Database = overview.database
    with database.read() as connection:
        assert set(overview.joined(connection)) == {"terra", "aurora"}
    with pytest.raises(HistoryThere, match="history already"):
        seed(file, config, tmp_path)


if __name__ == "__main__":
    import tempfile

    for ready in READY:
        with tempfile.TemporaryDirectory() as scratch:
            GOLDEN.mkdir(exist_ok=True)
            (GOLDEN / f"{ready.stem}.md").write_text(report_of(ready, Path(scratch)))
