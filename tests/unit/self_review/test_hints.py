"""Each requirement that can fail says what to do about it."""

from __future__ import annotations

import json
from dataclasses import replace
from importlib.resources import files

from scripts.self_review.catalogue import load
from scripts.self_review.hints import hint
from scripts.self_review.report import document
from tests.unit.self_review.reviewing import reviewed


def test_each_hint_is_of_a_requirement_that_there_is() -> None:
    text = files("scripts.self_review").joinpath("data", "hints.json").read_text("utf-8")
    assert set(json.loads(text)) <= set(load().requirements)


def test_a_hint_of_our_own_a_definition_or_an_operation_is_named() -> None:
    catalogue = load()
    assert hint(catalogue["api-35"]).startswith("Add `billing` to GET /")
    assert hint(catalogue["processes-L1-add"]) == (
        "Compare what the evidence shows with the definition at https://processes.openeo.org/#add."
    )
    assert hint(catalogue["api-613"]) == "See GET /services at https://api.openeo.org."
    assert hint(replace(catalogue["api-613"], endpoint="")) == (
        f"See {catalogue['api-613'].source}."
    )
    assert all(hint(row) for row in catalogue)


def test_whatever_fails_says_what_to_do() -> None:
    found = document(reviewed({"GET /": {"api_version": "1.0.0"}}))["findings"]
    bad = [one for one in found if one["verdict"] in {"fail", "warning"}]
    assert len(bad) > 10
    assert [one["id"] for one in bad if not one["hint"]] == []
