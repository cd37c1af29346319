"""Windows of absolute pixel grids."""

import numpy as np
import pyproj
import pytest

from backends.scenes.grid import Window


def test_a_window_knows_its_edges_and_centres() -> None:
    window = Window("EPSG:32631", 10.0, left=3, top=-7, width=2, height=3)
    assert window.bounds == (30.0, 40.0, 50.0, 70.0)
    assert window.x.tolist() == [35.0, 45.0]
    assert window.y.tolist() == [65.0, 55.0, 45.0]


@pytest.mark.parametrize(
    ("crs", "resolution", "left", "top"),
    [
        ("EPSG:32631", 10.0, 64_000, -566_000),
        ("EPSG:3035", 100.0, 40_000, -31_000),
        ("EPSG:4326", 0.0001, 51_000, -511_000),
        ("EPSG:32719", 20.0, 20_000, -400_000),
    ],
)
def test_places_are_true_to_a_metre(crs: str, resolution: float, left: int, top: int) -> None:
    window = Window(crs, resolution, left, top, 130, 70)
    x, y = np.meshgrid(window.x, window.y)
    to_degrees = pyproj.Transformer.from_crs(crs, "EPSG:4326", always_xy=True)
    longitude, latitude = to_degrees.transform(x, y)
    place = window.place()
    found = place.x * (360 / 2**32) - 180, place.y * (360 / 2**32) - 90
    assert np.abs(found[0] - longitude).max() < 1.5e-5
    assert np.abs(found[1] - latitude).max() < 1e-5


@pytest.mark.parametrize("crs", ["EPSG:32631", "EPSG:3035", "EPSG:4326"])
def test_a_part_of_a_window_has_the_very_same_places(crs: str) -> None:
    resolution = 0.0001 if crs == "EPSG:4326" else 10.0
    whole = Window(crs, resolution, 64_005, -511_003, 200, 150)
    part = whole.part(67, 31, 90, 101)
    for axis in ("x", "y"):
        expected = getattr(whole.place(), axis)[31:132, 67:157]
        assert np.array_equal(getattr(part.place(), axis), expected)
