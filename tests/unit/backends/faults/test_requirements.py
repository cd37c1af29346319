"""The catalogue of rules against the contract, where that is at hand."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from backends.faults.rules import RULES
from tests.unit.backends.faults.test_rules import CONTRACT

needs_contract = pytest.mark.skipif(not CONTRACT.exists(), reason="the contract is not here")

# What no change of requests and answers can break, and why.
BEYOND: dict[str, str] = {
    "api-4": "TLS ends before the backend",
    "api-118": "which claims of a token are looked at shows in no answer",
    "api-206": "whether a description is adapted is for people to judge",
    "api-704": "shows after 90 days",
    "api-705": "shows after a year",
    "api-920": "shows after five minutes: the fault `hang` does it",
}


def minimum() -> dict[str, Any]:
    rows = yaml.safe_load(CONTRACT.read_text("utf-8"))["requirements"]
    return {
        row["id"]: row
        for row in rows
        if row["family"] == "api" and row["profile"] in ("L1", "L1A", "L1B", "L2", "LP")
    }


@needs_contract
def test_the_requirements_that_rules_break_are_in_the_contract() -> None:
    known = {row["id"] for row in yaml.safe_load(CONTRACT.read_text("utf-8"))["requirements"]}
    assert {one for rule in RULES.values() for one in rule.requirements} <= known


@needs_contract
def test_every_requirement_of_the_minimum_can_be_broken() -> None:
    broken = {one for rule in RULES.values() for one in rule.requirements}
    assert minimum().keys() - broken - BEYOND.keys() == set()
    assert broken.isdisjoint(BEYOND)


@pytest.mark.parametrize("rule", RULES.values(), ids=lambda rule: rule.id)
def test_a_rule_says_what_it_breaks(rule: Any) -> None:
    assert rule.requirements
    assert rule.description.endswith(".")
    assert rule.id == rule.id.lower()
