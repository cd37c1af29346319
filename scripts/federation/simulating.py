"""The command `simulate`, and the history with which `up --scenario` begins."""

from __future__ import annotations

import json
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import click

from aggregator.routing import POLICIES
from aggregator.settings import load
from aggregator.storage.database import Database
from aggregator.storage.observations import first_observations
from scripts.simulation.comparison import comparison_of, figures_of
from scripts.simulation.comparison_picture import comparison_picture
from scripts.simulation.comparison_report import comparison_markdown
from scripts.simulation.moving import ending_at
from scripts.simulation.outcome import outcome_of
from scripts.simulation.play import Play
from scripts.simulation.report import markdown
from scripts.simulation.scenario import Scenario, load_scenario
from scripts.simulation.timeline import timeline

DATABASE = "federation.sqlite"


class HistoryThere(Exception):  # noqa: N818 - a state, not a programming error
    """A database that has a history already gets no other; the message says what to do."""


def simulate(file: Path, output: Path | None) -> int:
    """Play a scenario into a folder of its own; 0 if all went well."""
    scenario = load_scenario(file)
    folder = output or Path("var") / "simulations" / file.stem
    folder.mkdir(parents=True, exist_ok=True)
    for old in folder.glob(f"{DATABASE}*"):
        old.unlink()
    begun = time.monotonic()
    outcome = play(scenario, f"sqlite:///{folder / DATABASE}", folder)
    write(outcome, folder)
    report = markdown(outcome)
    click.echo(report[report.index("## Members") :])
    took = time.monotonic() - begun
    click.echo(f"Played in {took:.0f} s; report.md, timeline.svg and report.json are in {folder}.")
    return 1 if outcome["mistakes_in_books"] else 0


def compare(file: Path, policies: Sequence[str], output: Path | None) -> int:
    """Play a scenario once with each policy, into a folder; 0 if all went well."""
    scenario = load_scenario(file)
    folder = output or Path("var") / "simulations" / f"{file.stem}-policies"
    begun = time.monotonic()
    found = compared(scenario, policies, folder)
    report = comparison_markdown(found)
    (folder / "comparison.md").write_text(report, encoding="utf-8")
    (folder / "comparison.json").write_text(json.dumps(found, indent=1) + "\n", encoding="utf-8")
    (folder / "comparison.svg").write_bytes(comparison_picture(found))
    click.echo(report[report.index("## Policies") :])
    took = time.monotonic() - begun
    click.echo(f"Played in {took:.0f} s; comparison.md, .svg and .json are in {folder}.")
    return int(any(figures["mistakes_in_books"] for figures in found["policies"].values()))


def compared(scenario: Scenario, policies: Sequence[str], folder: Path) -> dict[str, Any]:
    """What came of a scenario with each of the policies; each is played in a folder of its own."""
    found = {}
    for name in policies:
        place = folder / name
        place.mkdir(parents=True, exist_ok=True)
        for old in place.glob(f"{DATABASE}*"):
            old.unlink()
        database = Database(f"sqlite:///{place / DATABASE}", durable=False)
        played = Play(scenario, database, place, POLICIES[name])
        _run(played, f"{scenario.title}, {name}")
        found[name] = figures_of(played)
        database.dispose()
    return comparison_of(scenario, found)


def seed(file: Path, config: Path, data: Path) -> None:
    """Give the federation of a configuration a past that ends now.

    Raises HistoryThere if its database has one.
    """
    url = load(config).database_url
    database = Database(url)
    with database.read() as connection:
        seen = first_observations(connection)
    database.dispose()
    if seen:
        raise HistoryThere(
            f"The federation's database has a history already ({url.partition('@')[2] or url}); "
            "choose another place for data with --data, or start without --scenario."
        )
    scenario = ending_at(load_scenario(file), int(time.time() * 1000))
    folder = data / "scenario"
    folder.mkdir(parents=True, exist_ok=True)
    write(play(scenario, url, folder), folder)


def play(scenario: Scenario, url: str, folder: Path) -> dict[str, Any]:
    """The outcome of a scenario, with a bar that shows how far it has come."""
    database = Database(url, durable=False)
    played = Play(scenario, database, folder)
    _run(played, scenario.title)
    outcome = outcome_of(played)
    database.dispose()
    return outcome


def _run(played: Play, label: str) -> None:
    with click.progressbar(length=1000, label=label, show_pos=False) as bar:
        played.run(lambda share: bar.update(round(share * 1000) - bar.pos))


def write(outcome: dict[str, Any], folder: Path) -> None:
    """The report in its three forms."""
    (folder / "report.md").write_text(markdown(outcome), encoding="utf-8")
    (folder / "report.json").write_text(json.dumps(outcome, indent=1) + "\n", encoding="utf-8")
    (folder / "timeline.svg").write_bytes(timeline(outcome))
