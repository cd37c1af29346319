"""What holds for all histories: order does not matter, parts sum up, downtime never helps."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from aggregator.health.judging import Evidence, Verdict, judge
from aggregator.health.maintenance import Excused, Window
from aggregator.health.observations import Observation
from aggregator.health.policy import Policy
from aggregator.health.standing import STANDINGS, State
from aggregator.health.uptime import Day, Uptime, roll_up, uptime_of
from aggregator.moments import DAY, day_start, shifted

START = day_start("2024-02-27")
STEP = 300_000
RANK = {name: number for number, name in enumerate(STANDINGS)}

observations = st.lists(
    st.builds(
        Observation,
        st.sampled_from(["terra", "aurora"]),
        st.integers(START, START + 4 * DAY),
        st.booleans(),
        st.integers(0, 40_000),
    ),
    unique_by=lambda o: (o.backend, o.at),
    max_size=60,
)
policies = st.builds(
    Policy,
    stable_at_limit=st.booleans(),
    row_spans_grace=st.booleans(),
    grace_warnings_count=st.booleans(),
    automatic_exclusion=st.booleans(),
    warnings_to_exclude=st.integers(1, 3),
    warning_window=st.integers(1, 8),
    months_to_unstable=st.integers(1, 3),
)
failures = st.one_of(
    st.integers(0, 8640), st.sampled_from([0, 43, 44, 172, 173, 432, 433, 864, 865])
)
excused = {"terra": Excused([Window("w", "terra", START + DAY, START + 2 * DAY, START)], Policy())}


@given(observations, st.randoms(use_true_random=False))
def test_the_order_of_observations_does_not_matter(
    seen: list[Observation], chance: random.Random
) -> None:
    shuffled = list(seen)
    chance.shuffle(shuffled)
    assert roll_up(shuffled, excused) == roll_up(seen, excused)


@given(observations, st.integers(0, 60), st.integers(0, 60))
def test_parts_of_days_sum_up(seen: list[Observation], one: int, two: int) -> None:
    cuts = sorted((one, two))
    parts = [seen[: cuts[0]], seen[cuts[0] : cuts[1]], seen[cuts[1] :]]
    summed: dict[tuple[str, str], Day] = {}
    for part in parts:
        for day in roll_up(part, excused):
            known = summed.get((day.backend, day.day), Day(day.backend, day.day))
            summed[day.backend, day.day] = known + day
    assert sorted(summed.values(), key=lambda d: (d.backend, d.day)) == roll_up(seen, excused)


@given(observations)
def test_nothing_is_lost_in_a_roll_up(seen: list[Observation]) -> None:
    days = roll_up(seen, excused)
    assert sum(day.probes for day in days) == len(seen)
    assert sum(sum(day.durations) for day in days) == sum(o.up for o in seen)
    up, down = sum(day.up for day in days), sum(day.down for day in days)
    assert uptime_of(days) == Uptime(up, up + down)


@given(st.integers(1, 10**6), st.data())
def test_percent_never_says_more_than_there_was(counted: int, data: st.DataObject) -> None:
    up = data.draw(st.integers(0, counted))
    shown = Uptime(up, counted).percent(2)
    assert int(shown.replace(".", "")) * counted <= up * 10_000
    assert (shown == "100.00") == (up == counted)


def verdicts(months: list[int], policy: Policy) -> list[Verdict]:
    state, found = State(), []
    for index, failed in enumerate(months):
        month = shifted("2025-01", index)
        evidence = Evidence("terra", month, Uptime(8640 - failed, 8640), 8640, number=index + 1)
        found.append(judge(evidence, state, policy))
        state = found[-1].after
    return found


@given(st.lists(failures, min_size=1, max_size=14), st.data(), policies)
def test_more_downtime_never_gives_a_better_verdict(
    months: list[int], data: st.DataObject, policy: Policy
) -> None:
    worse = [data.draw(st.integers(failed, 8640)) for failed in months]
    for good, bad in zip(verdicts(months, policy), verdicts(worse, policy), strict=True):
        assert RANK[good.standing] <= RANK[bad.standing]
        if bad.before.standing != "excluded":
            assert good.warned <= bad.warned
            assert (good.proposal == "exclude") <= (bad.proposal == "exclude")


@given(st.lists(failures, min_size=1, max_size=14), policies)
def test_a_verdict_depends_on_nothing_but_its_arguments(months: list[int], policy: Policy) -> None:
    assert verdicts(months, policy) == verdicts(months, policy)
