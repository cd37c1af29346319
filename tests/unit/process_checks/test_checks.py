"""Every process that a backend lists runs there, is right, and stands in the documentation."""

from __future__ import annotations

import pytest

from backends.definitions import RUNNABLE, packaged
from backends.udf.sandbox import is_confinable
from scripts.process_checks.checks import Check, checks
from scripts.process_checks.execution import Runner, alike, cube_of
from scripts.process_checks.left_out import LEFT_OUT
from scripts.process_checks.page import PAGE, failures, page, profiles, run

CHECKS = checks()
PROFILES = profiles()

LISTED = [
    pytest.param(profile, process, id=f"{profile.id}-{process}")
    for profile in PROFILES
    for process in profile.processes
]


@pytest.mark.parametrize("process", RUNNABLE)
def test_no_process_is_without_a_check(process: str) -> None:
    assert CHECKS[process]


def test_each_definition_of_the_package_is_run_or_left_out_for_a_reason() -> None:
    assert set(LEFT_OUT) == packaged() - set(RUNNABLE)


@pytest.mark.parametrize(("profile", "process"), LISTED)
def test_a_listed_process_keeps_its_promises(profile: object, process: str) -> None:
    if process == "run_udf" and not is_confinable():
        pytest.skip("the kernel has no Landlock")
    found = next(item for item in PROFILES if item is profile)
    assert failures(found, CHECKS[process]) == []


def test_each_process_is_listed_by_a_backend() -> None:
    assert set(RUNNABLE) == {process for profile in PROFILES for process in profile.processes}


def test_the_page_is_what_a_run_gives() -> None:
    printed = PAGE.read_text(encoding="utf-8")
    assert printed == page(CHECKS, PROFILES), (
        "print it anew with: python -m scripts.process_checks.page"
    )


def test_the_page_has_a_row_for_each_process_with_its_backends() -> None:
    rows = page(CHECKS, PROFILES).splitlines()
    row = next(line for line in rows if line.startswith("| `ndvi` "))
    cells = [cell.strip() for cell in row.strip("|").split("|")]
    listing = ["yes" if "ndvi" in profile.processes else "" for profile in PROFILES]
    assert cells[1:-1] == listing
    assert "common name" in cells[-1]


def test_a_broken_promise_and_a_missing_check_are_told() -> None:
    profile = PROFILES[0]
    broken = Check("add", "one and one is three", lambda run: alike(run("add", x=1, y=1), 3))
    wrong = run({"add": (broken,)}, [profile])
    assert f"{profile.id}: add breaks: one and one is three" in wrong
    assert f"{profile.id}: nothing checks mean" in wrong


def test_cubes_are_alike_by_value() -> None:
    cube = cube_of([[1.0, float("nan")]])
    assert alike(cube, cube.values)
    assert not alike(cube, cube.values + 1)


def test_a_check_runs_with_what_the_profile_offers_only() -> None:
    profile = next(item for item in PROFILES if len(item.processes) < len(RUNNABLE))
    missing = next(name for name in RUNNABLE if name not in profile.processes)
    with pytest.raises(Exception, match="not supported"):
        Runner(profile)(missing)
