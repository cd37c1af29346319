"""Summaries: every key united, ranges in the form of STAC and in older ones."""

from __future__ import annotations

from typing import Any

import pytest

from aggregator.merging.collections import merge_collection
from aggregator.merging.notes import Merged
from tests.fakes.documents import collection
from tests.unit.merging.noted import assert_not_noted, assert_noted

ORDER = ("terra", "aurora", "boreal")


def merged(key: str, *, version: str = "1.0.0", **summaries: object) -> Merged[Any]:
    """The summary of a key that backends give in these ways."""
    by_backend = {
        backend: collection("X", bands=(), stac_version=version, summaries={key: found})
        for backend, found in summaries.items()
    }
    whole = merge_collection("X", by_backend, order=ORDER)
    return Merged(whole.document["summaries"].get(key), whole.notes)


def test_ranges_are_united_in_the_form_of_stac() -> None:
    found = merged(
        "eo:cloud_cover", terra={"minimum": 0, "maximum": 75}, aurora={"minimum": 5, "maximum": 100}
    )
    assert found.document == {"minimum": 0, "maximum": 100}
    assert_not_noted(found)


def test_ranges_with_min_and_max_become_ranges_of_stac() -> None:
    found = merged(
        "eo:cloud_cover", terra={"min": 0, "max": 75}, aurora={"minimum": 5, "maximum": 100}
    )
    assert found.document == {"minimum": 0, "maximum": 100}


def test_documents_that_are_all_of_an_older_version_keep_its_form() -> None:
    found = merged(
        "view:off_nadir",
        version="0.9.0",
        terra={"min": 0, "max": 7},
        aurora={"min": 2, "max": 10},
    )
    assert found.document == {"min": 0, "max": 10}


def test_pairs_of_numbers_are_ranges_where_the_property_is_on_a_scale() -> None:
    found = merged("eo:cloud_cover", terra=[0, 75], aurora=[5, 100])
    assert found.document == [0, 100]
    mixed = merged("eo:cloud_cover", terra=[0, 75], aurora={"minimum": 5, "maximum": 100})
    assert mixed.document == {"minimum": 0, "maximum": 100}


def test_pairs_of_numbers_are_lists_for_any_other_property() -> None:
    found = merged("gsd", terra=[10, 20], aurora=[10, 60])
    assert found.document == [10, 20, 60]


def test_a_pair_beside_a_longer_list_is_a_list() -> None:
    found = merged("eo:cloud_cover", terra=[0, 75], aurora=[5, 10, 15])
    assert found.document == [0, 75, 5, 10, 15]


def test_times_in_ranges_are_compared_as_moments() -> None:
    found = merged(
        "datetime",
        terra={"minimum": "2015-01-01T00:30:00+02:00", "maximum": "2020-01-01"},
        aurora={"minimum": "2014-12-31T23:00:00Z", "maximum": "2019-01-01"},
    )
    assert found.document == {"minimum": "2015-01-01T00:30:00+02:00", "maximum": "2020-01-01"}


def test_lists_of_any_key_are_united() -> None:
    found = merged("some:key", terra=["a", 1, {"x": 1}], aurora=[1, {"x": 1}, "b", [2]])
    assert found.document == ["a", 1, {"x": 1}, "b", [2]]


def test_a_range_and_a_list_of_numbers_become_a_range() -> None:
    found = merged("gsd", terra=[10, 20, 60], aurora={"minimum": 5, "maximum": 30})
    assert found.document == {"minimum": 5, "maximum": 60}
    assert_noted(found, "summary-form-differs", "terra", "aurora")


def test_times_in_a_list_are_compared_as_moments_where_it_becomes_a_range() -> None:
    early, late = "2014-12-31T23:00:00Z", "2015-01-01T00:30:00+02:00"
    day = {"minimum": "2014-12-31T22:45:00Z", "maximum": "2014-12-31T22:50:00Z"}
    found = merged("datetime", terra=day, aurora=[early, late, early])
    assert found.document == {"minimum": late, "maximum": early}


def test_forms_that_cannot_be_united_are_noted_and_the_first_stands() -> None:
    found = merged(
        "platform", terra=["s2a"], aurora={"type": "string", "pattern": "s2."}, boreal=["s2b"]
    )
    assert found.document == ["s2a", "s2b"]
    note = assert_noted(found, "summary-form-differs")
    assert note.values["used"] == ["terra", "boreal"]


def test_a_lone_value_is_read_as_a_list() -> None:
    found = merged("platform", terra="s2a", aurora=["s2b"])
    assert found.document == ["s2a", "s2b"]
    assert_noted(found, "value-repaired", "terra")


@pytest.mark.parametrize("broken", [None, True, {}, "", float("nan")])
def test_a_broken_summary_costs_only_itself(broken: object) -> None:
    found = merged("platform", terra=broken, aurora=["s2b"])
    assert found.document == ["s2b"]
    assert_noted(found, "value-unusable", "terra")


@pytest.mark.parametrize(
    "broken",
    [
        [],
        [None],
        {"minimum": None, "maximum": 50},
        {"minimum": 0, "maximum": [50]},
        {"minimum": 60, "maximum": 50},
        {"minimum": "a", "maximum": 50},
    ],
)
def test_a_broken_summary_takes_no_other_backends_place(broken: object) -> None:
    good = {"minimum": 5, "maximum": 90}
    found = merged("eo:cloud_cover", terra=broken, aurora=good)
    assert found.document == good
    assert_noted(found, "value-unusable", "terra")
    alone = merged("eo:cloud_cover", terra=broken)
    assert alone.document == broken


def test_ranges_of_text_and_of_numbers_are_not_mixed() -> None:
    found = merged(
        "key", terra={"minimum": 1, "maximum": 2}, aurora={"minimum": "a", "maximum": "b"}
    )
    assert found.document == {"minimum": 1, "maximum": 2}
    assert_noted(found, "value-unusable", "aurora")


def test_further_statistics_of_a_range_are_kept() -> None:
    found = merged("key", terra={"minimum": 1, "maximum": 2, "mean": 1.5})
    assert found.document == {"minimum": 1, "maximum": 2, "mean": 1.5}


@pytest.mark.parametrize("key", ["eo:bands", "bands", "raster:bands", "sar:bands"])
def test_bands_are_united_by_name_and_say_who_has_them(key: str) -> None:
    b02, b03 = {"name": "B02", "common_name": "blue"}, {"name": "B03", "gsd": 10}
    found = merged(key, terra=[b02, b03], aurora=[{"name": "B02", "center_wavelength": 0.49}])
    assert found.document == [
        {"name": "B02", "common_name": "blue", "center_wavelength": 0.49},
        {"name": "B03", "gsd": 10, "federation:backends": ["terra"]},
    ]
    assert_noted(found, "part-partial", "terra", subject="collections/X/bands/B03")


def test_a_band_that_a_backend_names_elsewhere_counts_as_there() -> None:
    terra = collection("X", bands=("B02", "B03"))
    aurora = collection("X", bands=("B02", "B03"), summaries={})
    boreal = collection("X", bands=())
    by_backend = {"terra": terra, "aurora": aurora, "boreal": boreal}
    found = merge_collection("X", by_backend, order=ORDER)
    assert found.document["summaries"]["eo:bands"] == [{"name": "B02"}, {"name": "B03"}]


def test_bands_without_names_are_all_kept() -> None:
    found = merged("raster:bands", terra=[{"nodata": 0}], aurora=[{"nodata": -1}, {"nodata": 0}])
    assert found.document == [{"nodata": 0}, {"nodata": -1}]
    mixed = merged("bands", terra=[{"name": "B02"}], aurora=[{"gsd": 10}, {"name": "B02"}])
    assert mixed.document == [{"name": "B02"}, {"gsd": 10}]


def test_names_in_place_of_descriptions_of_bands_leave_no_empty_summary() -> None:
    found = merged("bands", terra=["B02"])
    assert found.document is None, "an empty list is no summary in STAC"
    assert_noted(found, "entry-unusable", "terra", subject="collections/X/summaries/bands")


def test_bands_that_are_only_labels_of_a_dimension_still_say_who_has_them() -> None:
    terra = collection("X", bands=("B02", "B03"), summaries={})
    aurora = collection("X", bands=("B02",), summaries={})
    found = merge_collection("X", {"terra": terra, "aurora": aurora}, order=ORDER).document
    assert found["summaries"]["bands"] == [
        {"name": "B02"},
        {"name": "B03", "federation:backends": ["terra"]},
    ]
