"""What operators do by command."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import yaml
from click.testing import CliRunner, Result

from aggregator.health.policy import Policy
from aggregator.moments import HOUR, month_bounds
from aggregator.storage.database import Database
from aggregator.storage.notices import read_announcements, read_incidents, read_windows
from aggregator.storage.verdicts import read_decisions, read_steps
from aggregator.usecases.record import Record
from scripts.federation.main import main
from tests.fakes.health import month, probes

SPARSE = 4 * HOUR


@pytest.fixture
def config(tmp_path: Path) -> Path:
    file = tmp_path / "federation.yaml"
    document = {
        "backends": {name: {"url": f"http://{name}.test"} for name in ("terra", "aurora")},
        "database": f"sqlite:///{tmp_path}/federation.sqlite",
        "availability": {"interval": SPARSE / 1000},
    }
    file.write_text(yaml.safe_dump(document, sort_keys=False))
    return file


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    opened = Database(f"sqlite:///{tmp_path}/federation.sqlite")
    yield opened
    opened.dispose()


def run(config: Path, *arguments: str) -> Result:
    given = ["availability", "--config", str(config), *arguments]
    return CliRunner().invoke(main, given, catch_exceptions=False)


def test_a_member_is_excluded_and_readmitted(config: Path, database: Database) -> None:
    assert (
        run(config, "decide", "exclude", "terra", "--reason", "Down.", "--by", "olga").exit_code
        == 0
    )
    assert run(config, "decide", "readmit", "terra", "--reason", "Up.").exit_code == 0
    with database.read() as connection:
        made = read_decisions(connection)
        steps = read_steps(connection)["terra"]
    assert [(d.kind, d.reason) for d in made] == [("readmit", "Up."), ("exclude", "Down.")]
    assert made[1].by == "olga"
    assert made[0].by
    assert [step.state.standing for step in steps] == ["excluded", "stable"]


@pytest.mark.parametrize("command", [["availability", "show"], ["ledger", "balance"]])
def test_where_the_federation_is_can_be_said_before_and_after_the_command(
    config: Path, tmp_path: Path, command: list[str]
) -> None:
    document = yaml.safe_load(config.read_text()) | {"accounting": {}, "database": None}
    config.write_text(yaml.safe_dump(document))
    (tmp_path / "pricing").mkdir()
    data = tmp_path / "data"
    Database(f"sqlite:///{data}/aggregator/federation.sqlite").create()
    place, (group, name) = ["--config", str(config), "--data", str(data)], command
    before = CliRunner().invoke(main, [group, *place, name])
    after = CliRunner().invoke(main, [group, name, *place])
    elsewhere = [group, "--config", str(config), "--data", str(tmp_path / "other"), name, *place]
    assert (before.exit_code, before.output) == (0, after.output)
    assert CliRunner().invoke(main, elsewhere).output == after.output
    nowhere = CliRunner().invoke(main, [group, "--config", str(tmp_path / "none.yaml"), name])
    assert "does not exist" in nowhere.output


def test_what_makes_no_sense_is_a_sentence(config: Path) -> None:
    refused = run(config, "decide", "readmit", "terra", "--reason", "x")
    assert (refused.exit_code, refused.stderr) == (1, "Error: terra is not excluded.\n")
    unknown = run(config, "maintenance", "moon", "2027-01-01", "soon")
    assert unknown.exit_code == 1
    assert unknown.stderr == (
        "Error: The request is invalid: backend: must be one of terra, aurora; ends: must be a day "
        "or time such as 2026-03-14 or 2026-03-14T09:30:00Z.\n"
    )


def test_maintenance_and_news_are_announced_and_withdrawn(config: Path, database: Database) -> None:
    window = run(config, "maintenance", "terra", "2100-01-01", "2100-01-02", "--text", "Disks")
    late = run(config, "maintenance", "terra", "2020-01-01", "2020-01-02")
    news = run(config, "announce", "removal", "S1 goes", "--effective", "2100-01-01")
    assert late.stderr == "Announced too late: it counts as downtime.\n"
    gone = run(config, "withdraw", window.stdout.strip(), "--reason", "Not needed.")
    assert gone.exit_code == 0
    with database.read() as connection:
        windows = {w.id: w for w in read_windows(connection)}
        [made] = read_announcements(connection, limit=10)
    assert windows[window.stdout.strip()].cancelled is not None
    ends = "from 2100-01-01T00:00:00Z to 2100-01-02T00:00:00Z, called off\n"
    assert f"{window.stdout.strip()}: terra {ends}" in run(config, "show").stdout
    assert (made.id, made.backend, made.title) == (news.stdout.strip(), "", "S1 goes")


def test_an_incident_gets_a_note(config: Path, database: Database) -> None:
    start = month_bounds("2026-05")[0]
    record = Record(database, Policy(probe_interval=SPARSE, stale_after=3 * SPARSE))
    record.observe(
        probes(start, start + SPARSE * 4, down=((start, start + SPARSE * 4),), step=SPARSE)
    )
    assert run(config, "note", f"terra-{start}", "A fibre.").exit_code == 0
    with database.read() as connection:
        assert read_incidents(connection, limit=1)[0].notes[0].text == "A fibre."


def test_it_shows_how_the_members_stand(config: Path, database: Database) -> None:
    record = Record(database, Policy(probe_interval=SPARSE, stale_after=3 * SPARSE))
    for name in ("2026-03", "2026-04"):
        record.observe(month(name, 40, step=SPARSE))
    record.close_months(month_bounds("2026-04")[1])
    shown = run(config, "show").stdout
    assert "aurora  unknown  stable    – %" in shown
    assert "terra   unknown  unstable" in shown
    assert "proposed: exclude" in shown


def test_its_data_may_be_elsewhere(config: Path, tmp_path: Path) -> None:
    document = yaml.safe_load(config.read_text())
    del document["database"]
    config.write_text(yaml.safe_dump(document))
    place = tmp_path / "elsewhere"
    done = CliRunner().invoke(
        main,
        [
            *("availability", "--config", str(config), "--data", str(place)),
            *("decide", "exclude", "terra", "--reason", "x"),
        ],
    )
    assert done.exit_code == 0
    assert (place / "aggregator" / "federation.sqlite").is_file()
