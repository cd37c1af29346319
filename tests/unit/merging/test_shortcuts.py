"""Shortcuts: a lone value is passed on unlooked-at only where its rule would change nothing."""

from __future__ import annotations

from typing import Any

import pytest

from aggregator.merging.assets import item_assets
from aggregator.merging.bands import described
from aggregator.merging.dimensions import dimensions
from aggregator.merging.extents import bboxes, intervals
from aggregator.merging.fields import Part, Place, Shortcut, first, values, word, wording, words
from aggregator.merging.notes import Notebook
from aggregator.merging.ranges import open_ranges
from aggregator.merging.summaries import summaries_as

BOX = [-10, 40, 10, 50]
CROSSING = [170, -10, -170, 10]
X = {"type": "spatial", "axis": "x", "extent": [0, 1]}


def summary(value: Any) -> dict[str, Any]:
    """Summaries of one key that is on a scale."""
    return {"eo:cloud_cover": value}


ALONE: list[tuple[Any, Any]] = [
    (word, "text"),
    (word, ""),
    (wording, ""),
    (wording, 3),
    (first, {"any": ["thing"]}),
    (words, ["a", "b"]),
    (words, ["a", "a"]),
    (words, ["a", 1]),
    (words, "a"),
    (values, [1, 1.0]),
    (values, [1, True]),
    (described, [{"name": "B02"}, {"name": "B03", "gsd": 10}]),
    (described, [{"name": "B02"}, {"name": "B02"}]),
    (described, [{"name": "B02"}, {"gsd": 10}]),
    (described, [{"name": "B02", "federation:backends": ["terra"]}]),
    (described, [{"name": "B02", "common_name": 3}]),
    (item_assets, {"data": {"roles": ["data"]}}),
    (item_assets, {"data": {"roles": ["data", "data"]}}),
    (item_assets, {"data": "odd"}),
    (dimensions, {"x": X}),
    (dimensions, {"x": X | {"extent": [1, 0]}}),
    (dimensions, {"x": X | {"values": [1, 1]}}),
    (dimensions, {"x": X | {"federation:missing": []}}),
    (dimensions, {"g": {"type": "geometry", "bbox": BOX}}),
    (dimensions, {"g": {"type": "geometry", "bbox": CROSSING}}),
    (open_ranges, [0, 1]),
    (open_ranges, [None, "2020-01-01"]),
    (open_ranges, [1, 0]),
    (bboxes, [BOX]),
    (bboxes, BOX),
    (bboxes, [CROSSING]),
    (bboxes, [[-180, -90, 0, 180, 90, 9000]]),
    (bboxes, [BOX, BOX]),
    (bboxes, [[-10, 50, 10, 40]]),
    (bboxes, [[-10, 40, 10]]),
    (intervals, [["2020-01-01T00:00:00Z", None]]),
    (intervals, ["2020-01-01T00:00:00Z", None]),
    (intervals, [["2021-01-01T00:00:00Z", "2020-01-01T00:00:00Z"]]),
    (summaries_as(modern=True), summary([0, 100])),
    (summaries_as(modern=False), summary([0, 100, 5])),
    (summaries_as(modern=True), summary({"minimum": 0, "maximum": 100})),
    (summaries_as(modern=True), summary({"min": 0, "max": 100})),
    (summaries_as(modern=False), summary({"min": 0, "max": 9, "minimum": 0, "maximum": 9})),
    (summaries_as(modern=True), summary({"minimum": 0, "maximum": 9, "federation:missing": []})),
    (summaries_as(modern=True), {"eo:bands": [{"name": "B02"}, {"name": "B02"}]}),
]


def outcome(rule: Any, value: Any) -> tuple[Any, Any]:
    """What a rule makes of a lone value, and the notes."""
    notebook = Notebook()
    made = rule([Part("terra", value)], Place(notebook, ("here",), ("terra",)))
    return made, notebook.notes


@pytest.mark.parametrize(("rule", "value"), ALONE)
def test_what_fits_is_what_the_rule_would_give(
    rule: Any, value: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    short = outcome(rule, value)
    taken = isinstance(rule, Shortcut) and rule.fits(value)
    monkeypatch.setattr("aggregator.merging.fields.fits", lambda *_: False)
    assert repr(outcome(rule, value)) == repr(short)
    if taken:
        assert repr(short) == repr((value, ()))


def test_a_valid_collection_takes_them() -> None:
    fitting = [
        (words, ["a", "b"]),
        (described, [{"name": "B02"}, {"name": "B03", "gsd": 10}]),
        (dimensions, {"x": X}),
        (bboxes, [BOX]),
        (intervals, [["2020-01-01T00:00:00Z", None]]),
    ]
    assert all(rule.fits(value) for rule, value in fitting)
