"""Ready scenarios, played against the federation's own code; their reports are kept beside.

After a change that is meant, write them anew: python -m tests.scenarios.test_simulation
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from aggregator.routing import POLICIES
from aggregator.storage.database import Database
from scripts.federation.main import main
from scripts.federation.simulating import HistoryThere, compared, play, seed
from scripts.simulation.comparison_picture import comparison_picture
from scripts.simulation.comparison_report import comparison_markdown, policies_table
from scripts.simulation.report import markdown
from scripts.simulation.scenario import load_scenario, read_scenario
from scripts.simulation.timeline import timeline
from tests.unit.storage.conftest import postgresql_schema
from tests.web.site import Site, backend

GOLDEN = Path(__file__).parent / "golden"
ROOT = Path(__file__).parents[2]
BUSY = ROOT / "config" / "scenarios" / "busy_month.yaml"
READY = sorted(file for file in BUSY.parent.glob("*.yaml") if file != BUSY)
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


def kept(name: str) -> str:
    return (GOLDEN / f"{name}.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def comparison(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The busy month with every policy."""
    return compared(load_scenario(BUSY), [*POLICIES], tmp_path_factory.mktemp("policies"))


def report_of(file: Path, folder: Path) -> str:
    return markdown(play(load_scenario(file), f"sqlite:///{folder}/f.sqlite", folder))


def test_policies_on_the_same_load_compare_as_the_kept_report_and_the_manual_say(
    comparison: dict[str, Any],
) -> None:
    assert comparison_markdown(comparison) == kept("policies_in_a_busy_month")
    manual = (ROOT / "docs" / "policies.md").read_text(encoding="utf-8")
    assert policies_table(comparison) in manual, "docs/policies.md shows another table"


def test_each_policy_does_what_it_is_for(comparison: dict[str, Any]) -> None:
    """On a load that fills the federation, by the very modules that route requests."""
    policies = comparison["policies"]

    def best(figure: str, *, most: bool = False) -> str:
        chosen: str = (max if most else min)(policies, key=lambda name: policies[name][figure])
        return chosen

    assert best("credits_per_job") == "cheapest"
    assert best("wait_mean_hours") == best("wait_p95_hours") == "least_loaded"
    assert best("failed") == "most_available"
    assert best("fairness", most=True) == "spread"
    assert {figures["jobs"] for figures in policies.values()} == {314}
    for figures in policies.values():
        kinds = ("served", "failed", "unfinished", "refused")
        assert sum(figures[kind] for kind in kinds) == figures["jobs"]
        assert figures["mistakes_in_books"] == []


def test_the_picture_has_a_bar_for_each_policy_and_figure(comparison: dict[str, Any]) -> None:
    picture = comparison_picture(comparison).decode()
    for name, figures in comparison["policies"].items():
        assert picture.count(f">{name}<") == 7
        assert f"<title>{name}: {figures['wait_mean_hours']:.2f}</title>" in picture
    assert "Aurora Data Centre" in picture


@pytest.mark.parametrize("file", READY, ids=lambda file: file.stem)
def test_a_ready_scenario_ends_as_its_kept_report_says(file: Path, tmp_path: Path) -> None:
    assert report_of(file, tmp_path) == kept(file.stem)


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


def test_the_command_compares_policies_and_writes_report_picture_and_data(tmp_path: Path) -> None:
    file = tmp_path / "short.yaml"
    file.write_text(
        "title: Short\nstart: 2026-01-01\nmonths: 1\navailability: {interval: 3600}\n"
        "members: {terra: {collections: [S2]}, aurora: {collections: [S2]}}\n"
        "load: {jobs_per_day: 1}\n"
    )
    asked = ["simulate", str(file), "--output", str(tmp_path / "out"), "--policies"]
    found = CliRunner().invoke(main, [*asked, "order, spread"])
    assert found.exit_code == 0, found.output
    shares = {line.split("|")[1].strip(): line for line in found.output.splitlines() if "%" in line}
    assert "100.0 %" in shares["order"] and "100.0 %" not in shares["spread"]
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names == {"comparison.md", "comparison.json", "comparison.svg", "order", "spread"}
    wrong = CliRunner().invoke(main, [*asked, "dearest"])
    assert wrong.exit_code == 2
    assert "There is no policy 'dearest'; there are: order, cheapest," in wrong.output


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
    with tempfile.TemporaryDirectory() as scratch:
        found = compared(load_scenario(BUSY), [*POLICIES], Path(scratch))
        (GOLDEN / "policies_in_a_busy_month.md").write_text(comparison_markdown(found))
