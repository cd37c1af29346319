"""No check crashes, whatever a backend answers: each finding has a verdict and a reason."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from backends.faults.effects import Effect, Garbage, Scramble
from scripts.self_review.findings import Cause, Finding
from tests.web.self_review.world import World


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = World(tmp_path_factory.mktemp("world"))
    yield made
    made.close()


def crashed(findings: dict[str, Finding]) -> dict[str, str]:
    """What is said of the checks that crashed."""
    return {
        key: one.outcome.says
        for key, one in findings.items()
        if one.outcome.cause is Cause.INTERNAL
    }


@pytest.mark.parametrize("salt", range(12))
@pytest.mark.parametrize("share", [0.02, 0.3, 1.0])
def test_no_check_crashes_on_values_of_wrong_types(world: World, salt: int, share: float) -> None:
    world.switch(Scramble(share=share, salt=salt))
    every = [row.id for row in world.catalogue]
    assert crashed(world.review(every)) == {}


@pytest.mark.parametrize("salt", range(6))
def test_no_check_with_a_login_crashes_on_values_of_wrong_types(world: World, salt: int) -> None:
    world.switch(Scramble(share=0.1, salt=salt))
    every = [row.id for row in world.catalogue]
    assert crashed(world.review(every, user="alice", penniless="dave")) == {}


@pytest.mark.parametrize("effect", [Garbage()])
def test_no_check_crashes_on_what_is_no_json(world: World, effect: Effect) -> None:
    world.switch(effect)
    every = [row.id for row in world.catalogue]
    found = world.review(every, user="alice")
    assert crashed(found) == {}
    assert found["api-30"].verdict == "fail"
