"""Extents: the whole first, then the parts."""

from __future__ import annotations

from typing import Any

import pytest

from aggregator.merging.collections import merge_collection
from aggregator.merging.extents import hull, span
from aggregator.merging.notes import Merged
from tests.fakes.documents import collection
from tests.unit.merging.noted import assert_not_noted, assert_noted

ORDER = ("terra", "aurora", "boreal")


def merged(**extents: dict[str, Any]) -> Merged[dict[str, Any]]:
    """The extent of a collection that backends have with these extents."""
    by_backend = {backend: collection("X", extent=extent) for backend, extent in extents.items()}
    whole = merge_collection("X", by_backend, order=ORDER)
    return Merged(whole.document["extent"], whole.notes)


def spatial(*boxes: object) -> dict[str, Any]:
    return {"spatial": {"bbox": list(boxes)}, "temporal": {"interval": [[None, None]]}}


def temporal(*intervals: object) -> dict[str, Any]:
    return {
        "spatial": {"bbox": [[-180, -90, 180, 90]]},
        "temporal": {"interval": list(intervals)},
    }


def test_the_overall_extent_comes_first_then_the_parts() -> None:
    found = merged(terra=spatial([0, 40, 10, 50]), aurora=spatial([5, 45, 20, 60]))
    assert found.document["spatial"]["bbox"] == [
        [0, 40, 20, 60],
        [0, 40, 10, 50],
        [5, 45, 20, 60],
    ]
    note = assert_noted(found, "extent-differs", "terra", "aurora")
    assert note.values["by_backend"] == {"terra": [0, 40, 10, 50], "aurora": [5, 45, 20, 60]}
    assert "aurora: [5, 45, 20, 60]" in note.message


def test_parts_of_a_backend_stay_and_its_overall_extent_does_not_become_a_part() -> None:
    found = merged(
        terra=spatial([0, 0, 30, 30], [0, 0, 10, 10], [20, 20, 30, 30]),
        aurora=spatial([40, 0, 50, 10]),
    )
    assert found.document["spatial"]["bbox"] == [
        [0, 0, 50, 30],
        [0, 0, 10, 10],
        [20, 20, 30, 30],
        [40, 0, 50, 10],
    ]


def test_equal_extents_are_stated_once() -> None:
    found = merged(terra=spatial([0, 40, 10, 50]), aurora=spatial([0.0, 40.0, 10.0, 50.0]))
    assert found.document["spatial"]["bbox"] == [[0, 40, 10, 50]]
    assert_not_noted(found)


def test_a_backend_that_lists_parts_without_the_whole_gets_a_whole() -> None:
    found = merged(terra=spatial([0, 0, 10, 10], [20, 20, 30, 30]))
    assert found.document["spatial"]["bbox"] == [
        [0, 0, 30, 30],
        [0, 0, 10, 10],
        [20, 20, 30, 30],
    ]
    assert_noted(found, "overall-extent-missing", "terra")


def test_heights_are_kept_where_all_have_them() -> None:
    found = merged(terra=spatial([0, 0, -5, 1, 1, 9]), aurora=spatial([2, 0, 0, 3, 1, 100]))
    assert found.document["spatial"]["bbox"][0] == [0, 0, -5, 3, 1, 100]


def test_a_flat_box_makes_the_whole_flat_and_loses_no_heights_of_the_parts() -> None:
    found = merged(terra=spatial([0, 0, -5, 1, 1, 9]), aurora=spatial([2, 0, 3, 1]))
    assert found.document["spatial"]["bbox"] == [
        [0, 0, 3, 1],
        [0, 0, -5, 1, 1, 9],
        [2, 0, 3, 1],
    ]


@pytest.mark.parametrize(
    ("boxes", "whole"),
    [
        ([[170, -10, -170, 10]], [170, -10, -170, 10]),
        ([[170, -10, -170, 10], [160, -5, 175, 5]], [160, -10, -170, 10]),
        ([[170, -10, -170, 10], [-175, 0, -150, 20]], [170, -10, -150, 20]),
        ([[170, -10, -170, 10], [-180, -5, 180, 5]], [-180, -10, 180, 10]),
        ([[170, -10, -170, 10], [0, -5, 10, 5], [100, -5, 110, 5]], [0, -10, -170, 10]),
        ([[170, -10, -170, 10], [-110, -5, -100, 5], [-10, -5, 0, 5]], [170, -10, 0, 10]),
        ([[0, 0, 1, 1], [-1, -1, 0, 0]], [-1, -1, 1, 1]),
    ],
)
def test_a_hull_may_cross_the_antimeridian(boxes: list[list[float]], whole: list[float]) -> None:
    assert hull(boxes) == whole


def test_times_are_compared_as_moments_not_as_text() -> None:
    late, early = "2015-01-01T00:30:00+02:00", "2014-12-31T23:00:00Z"
    assert span([[early, early], [late, late]]) == [late, early]


def test_an_open_end_stays_open() -> None:
    found = merged(
        terra=temporal(["2016-01-01T00:00:00Z", None]),
        aurora=temporal(["2015-01-01T00:00:00Z", "2020-01-01T00:00:00Z"]),
    )
    assert found.document["temporal"]["interval"] == [
        ["2015-01-01T00:00:00Z", None],
        ["2016-01-01T00:00:00Z", None],
        ["2015-01-01T00:00:00Z", "2020-01-01T00:00:00Z"],
    ]


@pytest.mark.parametrize(
    "box",
    [
        [0, 0, 1],
        [0, 5, 1, 4],
        ["0", "0", "1", "1"],
        [0, 0, None, 1],
        "everywhere",
        None,
        True,
        [float("nan"), 0, 1, 1],
        {"west": 0},
    ],
)
def test_a_broken_box_costs_only_itself(box: object) -> None:
    found = merged(terra=spatial([0, 40, 10, 50], box), aurora=spatial([0, 40, 10, 50]))
    assert found.document["spatial"]["bbox"] == [[0, 40, 10, 50]]
    assert_noted(found, "value-unusable", "terra")


@pytest.mark.parametrize("interval", [["soon", None], ["2020", "2019"], [None], "2015", [1, 2]])
def test_a_broken_interval_costs_only_itself(interval: object) -> None:
    good = ["2015-01-01T00:00:00Z", None]
    found = merged(terra=temporal(interval), aurora=temporal(good))
    assert found.document["temporal"]["interval"] == [good]
    assert_noted(found, "value-unusable", "terra")


def test_a_single_box_outside_a_list_is_read_as_a_list() -> None:
    lone = {"spatial": {"bbox": [0, 40, 10, 50]}, "temporal": {"interval": ["2015-01-01", None]}}
    found = merged(terra=lone)
    assert found.document["spatial"]["bbox"] == [[0, 40, 10, 50]]
    assert found.document["temporal"]["interval"] == [["2015-01-01", None]]
    assert_noted(found, "value-repaired", "terra")


@pytest.mark.parametrize("version", ["1.0.0", "1.1.0"])
@pytest.mark.parametrize(
    "extent",
    [None, [], "world", {}, {"spatial": 1, "temporal": []}, {"spatial": {"bbox": [[5, 5, 0, 0]]}}],
)
def test_without_any_usable_extent_the_widest_is_stated(extent: object, version: str) -> None:
    by_backend = {"terra": collection("X", extent=extent, stac_version=version)}
    found = merge_collection("X", by_backend, order=ORDER)
    assert found.document["extent"] == {
        "spatial": {"bbox": [[-180, -90, 180, 90]]},
        "temporal": {"interval": [[None, None]]},
    }
    assert_noted(found, "value-missing", "terra", subject="collections/X/extent/spatial")


def test_further_kinds_of_extents_are_kept() -> None:
    found = merged(terra={**spatial([0, 0, 1, 1]), "thermal": {"range": [1, 2]}})
    assert found.document["thermal"] == {"range": [1, 2]}
