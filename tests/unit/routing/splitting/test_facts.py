from typing import Any

import pytest

from aggregator.routing.splitting.cubes import Grid
from aggregator.routing.splitting.facts import DAY, facts_of
from tests.unit.routing.splitting.members import collection


def test_dimensions_steps_and_bands_are_read_from_the_datacube_extension() -> None:
    facts = facts_of(collection("S2"))
    assert facts.dimensions == {
        "x": "spatial",
        "y": "spatial",
        "t": "temporal",
        "bands": "bands",
    }
    assert facts.step == 5 * DAY
    assert facts.bands == ("B04", "B08")


@pytest.mark.parametrize("axis", [["x"], {"x": 1}, None, 5])
def test_an_axis_that_is_no_name_is_passed_over(axis: Any) -> None:
    spatial = {"type": "spatial", "step": 10}
    dimensions = {"x": {**spatial, "axis": axis}, "y": {**spatial, "axis": "y"}}
    facts = facts_of({"id": "S2", "cube:dimensions": dimensions})
    assert facts.dimensions == {"x": "spatial", "y": "spatial"}
    assert facts.grid is None


def test_a_listing_tells_no_dimensions() -> None:
    assert facts_of({"id": "S2"}).dimensions is None


@pytest.mark.parametrize(
    ("step", "seconds"),
    [
        ("P5D", 5 * DAY),
        ("P1M", 28 * DAY),
        ("P1Y", 365 * DAY),
        ("P1W", 7 * DAY),
        ("PT1H", 3600.0),
        ("P1DT12H", 1.5 * DAY),
        ("P", None),
        ("5 days", None),
        (None, None),
        (5, None),
        ("P" + "9" * 50 + "D", None),
    ],
)
def test_steps_in_time_are_durations(step: object, seconds: float | None) -> None:
    document = collection("S2")
    document["cube:dimensions"]["t"]["step"] = step
    assert facts_of(document).step == seconds


def test_listed_dates_are_read_if_all_can_be() -> None:
    document = collection("S2")
    document["cube:dimensions"]["t"]["values"] = ["1970-01-02", "1970-01-03T00:00:00Z"]
    assert facts_of(document).dates == (DAY, 2 * DAY)
    document["cube:dimensions"]["t"]["values"] = ["1970-01-02", "soon"]
    assert facts_of(document).dates is None


def test_the_grid_is_the_step_of_both_axes_in_the_units_of_their_reference_system() -> None:
    document = collection("S2")
    for axis in ("x", "y"):
        document["cube:dimensions"][axis] |= {"step": 20, "reference_system": 32632}
    assert facts_of(document).grid_of(None) == Grid(20, 20)
    for axis in ("x", "y"):
        document["cube:dimensions"][axis] |= {"step": 0.1, "reference_system": 4326}
    assert facts_of(document).grid_of(None) == Grid(0.1, 0.1, degrees=True)
    document["cube:dimensions"]["y"]["step"] = None
    assert facts_of(document).grid_of(None) == Grid(10, 10), "the summaries tell it"


@pytest.mark.parametrize("key", ["bands", "eo:bands"])
def test_bands_may_have_resolutions_of_their_own(key: str) -> None:
    bands: Any = [{"name": "B04", "gsd": 10}, {"name": "B01", "gsd": 60}]
    facts = facts_of(collection("S2", summaries={key: bands, "gsd": [10, 60]}))
    assert facts.grid_of(("B01",)) == Grid(60, 60)
    assert facts.grid_of(("B01", "B04")) == Grid(10, 10)
    assert facts.grid_of(("B99",)) == Grid(10, 10), "the finest, since it is not known"
    assert facts.grid_of(None) == Grid(10, 10)


@pytest.mark.parametrize("broken", [None, 1, "x", [], {}, {"x": 1}, {"x": {"type": 1}}])
def test_what_is_not_understood_is_not_known(broken: Any) -> None:
    document = {"cube:dimensions": broken, "summaries": broken, "extent": broken}
    facts = facts_of(document)
    assert facts.grid_of(None) is None
    assert facts.step is None
    assert facts.bands == ()
