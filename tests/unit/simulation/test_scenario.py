from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from aggregator.moments import DAY, HOUR, day_of, day_start, rfc3339
from scripts.simulation.moving import ending_at
from scripts.simulation.scenario import ScenarioError, load_scenario, read_scenario
from scripts.simulation.weather import joined, weather_of
from scripts.simulation.workload import jobs_of

SMALL: dict[str, Any] = {
    "title": "Small",
    "start": "2026-01-01",
    "months": 2,
    "members": {
        "terra": {"collections": ["S2"], "failures": [{"days_between": 5, "hours_to_repair": 3}]},
        "aurora": {"collections": ["S1"], "failures": [{"days_between": 5, "hours_to_repair": 3}]},
    },
    "load": {"users": 3, "jobs_per_day": 5, "hours": 1},
}
READY = sorted((Path(__file__).parents[3] / "config" / "scenarios").glob("*.yaml"))


def test_every_mistake_is_named_with_its_key() -> None:
    document = {
        "title": "",
        "start": "soon",
        "months": 0,
        "colour": "red",
        "members": {
            "Terra": {"failures": [{"days_between": -1}], "collections": "S2"},
            "aurora": {"outages": [{"starts": "2026-02-02", "ends": "2026-02-01"}]},
        },
        "outages": [{"starts": "2026-01-02", "ends": "2026-01-03", "members": ["boreal"]}],
        "availability": {"warning_percent": 200},
        "decisions": [{"at": "2026-01-05", "backend": "terra", "decision": "exclude"}],
    }
    with pytest.raises(ScenarioError) as caught:
        read_scenario(document)
    said = "\n".join(caught.value.mistakes)
    for mistake in (
        "colour: there is no such key",
        "start: must be a day or time such as 2026-03-14",
        "months: must be from 1 to 120",
        "members.Terra: an id is small letters",
        "members.Terra.collections: must be a list of texts",
        "members.Terra.failures.0.days_between: must be from 0.01",
        "members.aurora.outages.0.ends: must be after members.aurora.outages.0.starts",
        "availability.warning_percent",
        "outages.0.members: there is no member",
        "title: must be text",
        "decisions.0.reason: must be text",
        "decisions.0.backend: there is no member",
    ):
        assert mistake in said, said


@pytest.mark.parametrize("start", ["0001-01-01", "9999-11-01"])
def test_a_year_that_cannot_be_played_is_refused(start: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        read_scenario({"title": "Long ago", "start": start, "members": {"terra": {}}})
    assert caught.value.mistakes == ("start: must be in the years 1971 to 2899",)


@pytest.mark.parametrize("document", [None, [], "x", {"members": {}}, {"members": {"a": 1}}])
def test_what_is_no_scenario_is_refused(document: object) -> None:
    with pytest.raises(ScenarioError):
        read_scenario(document)


@pytest.mark.parametrize("file", READY, ids=lambda file: file.stem)
def test_the_ready_scenarios_have_no_mistakes(file: Path) -> None:
    assert load_scenario(file).title


def test_there_are_ready_scenarios() -> None:
    assert {file.stem for file in READY} == {
        "busy_month",
        "calm_year",
        "newcomer_in_grace",
        "regional_outage",
        "slide_into_exclusion",
    }


def test_a_file_that_is_no_yaml_or_not_there_is_said_so(tmp_path: Path) -> None:
    file = tmp_path / "broken.yaml"
    file.write_text("title: [")
    with pytest.raises(ScenarioError, match=r"is not YAML: .* at line 1, column 9"):
        load_scenario(file)
    with pytest.raises(ScenarioError, match="cannot be read"):
        load_scenario(tmp_path / "none.yaml")


def test_a_member_has_the_same_weather_whoever_stands_beside_it() -> None:
    both = read_scenario(SMALL)
    alone = read_scenario({**SMALL, "members": {"terra": SMALL["members"]["terra"]}})
    other = read_scenario({**SMALL, "seed": 2})
    terra = both.members[0]
    assert weather_of(terra, both) == weather_of(alone.members[0], alone)
    assert weather_of(terra, both) != weather_of(both.members[1], both)
    assert weather_of(terra, both) != weather_of(terra, other)


def test_failures_come_about_as_often_and_last_about_as_long_as_asked() -> None:
    document = {**SMALL, "months": 100}
    scenario = read_scenario(document)
    spans = weather_of(scenario.members[0], scenario).spans
    days = (scenario.end - scenario.start) / DAY
    assert days / len(spans) == pytest.approx(5, rel=0.1)
    assert sum(b - a for a, b in spans) / len(spans) / HOUR == pytest.approx(3, rel=0.1)


def test_outages_that_touch_are_one() -> None:
    assert joined([(5, 7), (1, 3), (3, 4), (6, 9)]) == [(1, 4), (5, 9)]


def test_a_regional_outage_takes_its_members_only() -> None:
    span = {"starts": "2026-01-10T00:00Z", "ends": "2026-01-10T05:00Z", "members": ["terra"]}
    members = {name: {"collections": ["S2"]} for name in ("terra", "aurora")}
    scenario = read_scenario({**SMALL, "members": members, "outages": [span]})
    terra, aurora = (weather_of(member, scenario) for member in scenario.members)
    at = day_start("2026-01-10")
    assert terra.down_at(at) and terra.down_at(at + 5 * HOUR - 1)
    assert not terra.down_at(at - 1) and not terra.down_at(at + 5 * HOUR)
    assert terra.next_down(at - HOUR, at + 1) == at
    assert terra.next_down(at - HOUR, at) is None
    assert aurora.spans == ()


def test_jobs_are_the_same_for_the_same_scenario_and_in_order() -> None:
    scenario = read_scenario(SMALL)
    jobs = list(jobs_of(scenario))
    assert jobs == list(jobs_of(scenario))
    assert [job.at for job in jobs] == sorted(job.at for job in jobs)
    assert len(jobs) == pytest.approx(59 * 5, rel=0.2)
    assert {job.user for job in jobs} == {"user1", "user2", "user3"}
    assert {job.collection for job in jobs} == {"S1", "S2"}


def test_a_scenario_is_moved_by_whole_months_to_end_now() -> None:
    document = {
        **SMALL,
        "outages": [{"starts": "2026-02-10", "ends": "2026-02-11", "members": ["terra"]}],
        "decisions": [
            {"at": "2026-02-12", "backend": "terra", "decision": "exclude", "reason": "x"}
        ],
    }
    now = day_start("2027-07-20") + 9 * HOUR
    moved = ending_at(read_scenario(document), now)
    assert (day_of(moved.start), moved.end) == ("2027-06-01", now)
    assert rfc3339(moved.outages[0].starts) == "2027-07-10T00:00:00Z"
    assert day_of(moved.decisions[0].at) == "2027-07-12"


def test_jobs_of_a_burst_come_at_once_from_one_user_and_are_as_many_in_all() -> None:
    load = {"users": 30, "jobs_per_day": 30, "hours": 1, "burst": 3}
    jobs = [*jobs_of(read_scenario(SMALL | {"load": load}))]
    triples = [jobs[number : number + 3] for number in range(0, len(jobs), 3)]
    assert all(len({(job.at, job.user) for job in triple}) == 1 for triple in triples)
    assert [job.number for job in jobs] == [*range(1, len(jobs) + 1)]
    assert abs(len(jobs) / (30 * 59) - 1) < 0.1
