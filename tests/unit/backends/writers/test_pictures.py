"""Pictures."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from backends.writers import save
from tests.unit.backends.writers.rasters import cube

pytestmark = pytest.mark.filterwarnings("ignore:Use `@` matmul")


def picture(value: Any, folder: Path, **options: Any) -> Any:
    [asset] = save(value, "PNG", options, folder)
    assert asset.media_type == "image/png"
    with Image.open(asset.path) as image:
        return np.asarray(image.convert("RGBA"))


def test_three_bands_are_red_green_and_blue(tmp_path: Path) -> None:
    data = cube(dates=None, bands=("r", "g", "b"), height=2, width=2, chunks=None)
    data.values[:] = [[[0, 10], [5, 10]], [[0, 0], [5, 10]], [[0, 0], [5, 20]]]
    shown = picture(data, tmp_path, scale_min=0, scale_max=10)
    assert shown[..., :3].tolist() == [
        [[0, 0, 0], [255, 0, 0]],
        [[128, 128, 128], [255, 255, 255]],
    ]
    assert (shown[..., 3] == 255).all()


def test_one_band_is_gray(tmp_path: Path) -> None:
    data = cube(dates=None, bands=None, height=1, width=3, chunks=None)
    shown = picture(data, tmp_path, scale_min=1, scale_max=3)
    assert shown[0, :, :3].tolist() == [[0] * 3, [128] * 3, [255] * 3]


def test_only_the_first_date_is_shown(tmp_path: Path) -> None:
    data = cube(bands=None)
    first = picture(data.isel(t=0), tmp_path, scale_min=0, scale_max=3000)
    assert np.array_equal(picture(data, tmp_path, scale_min=0, scale_max=3000), first)


@pytest.mark.parametrize("format_", ["PNG", "JPEG"])
def test_what_of_a_cube_the_picture_does_not_show_is_told(tmp_path: Path, format_: str) -> None:
    def told(**shape: Any) -> tuple[str, ...]:
        [asset] = save(cube(**shape), format_, {}, tmp_path)
        assert asset.roles == ("visual", "overview")
        return asset.warnings

    assert told(bands=("a", "b", "c", "d")) == (
        "The picture shows only the first of 2 dates.",
        "The picture shows only a, b, c of 4 bands.",
    )
    assert told(dates=None, bands=("a", "b")) == ("The picture shows only a of 2 bands.",)
    assert told(dates=None, bands=("a", "b", "c")) == ()


def test_no_data_is_transparent(tmp_path: Path) -> None:
    data = cube(dates=None, bands=None).where(lambda values: values != 1)
    alpha = picture(data, tmp_path)[..., 3]
    assert alpha[0, 0] == 0
    assert (alpha.ravel()[1:] == 255).all()


def test_values_are_stretched_between_the_percentiles(tmp_path: Path) -> None:
    shown = picture(cube(dates=None, bands=None), tmp_path)[..., 0]
    assert shown[0, 0] == 0
    assert shown[-1, -1] == 255
    assert 120 < shown[15, 0] < 135


def test_a_colormap_colors_one_band(tmp_path: Path) -> None:
    data = cube(dates=None, bands=None, height=1, width=2, chunks=None)
    shown = picture(data, tmp_path, colormap="viridis", scale_min=1, scale_max=2)
    assert shown[0, :, :3].tolist() == [[0x44, 0x01, 0x54], [0xFD, 0xE7, 0x25]]


@pytest.mark.parametrize("value", [np.nan, 5.0])
def test_a_picture_of_nothing_or_of_one_value_is_a_picture(tmp_path: Path, value: float) -> None:
    shown = picture(cube(dates=None, bands=None) * 0 + value, tmp_path)
    assert (shown[..., 3] == (0 if np.isnan(value) else 255)).all()


def test_large_cubes_are_thinned_out(tmp_path: Path) -> None:
    shown = picture(cube(dates=None, bands=None, height=300, width=200), tmp_path, max_size=100)
    assert shown.shape == (100, 67, 4)


@pytest.mark.parametrize("dtype", ["bool", "uint8", "int64", "float64"])
def test_every_kind_of_number_can_be_shown(tmp_path: Path, dtype: str) -> None:
    assert picture(cube(dates=None, dtype=dtype), tmp_path).shape == (30, 40, 4)


def test_the_same_cube_gives_the_same_bytes(tmp_path: Path) -> None:
    [first] = save(cube(), "PNG", {}, tmp_path / "a")
    [second] = save(cube(), "PNG", {}, tmp_path / "b")
    assert first.path.read_bytes() == second.path.read_bytes()


def test_jpeg_shows_what_png_shows(tmp_path: Path) -> None:
    data = cube(bands=("red", "green", "blue"), height=64, width=64)
    [png] = save(data, "PNG", {}, tmp_path)
    [jpeg] = save(data, "jpeg", {"quality": 95}, tmp_path)
    assert (jpeg.path.name, jpeg.media_type) == ("openEO.jpg", "image/jpeg")
    with Image.open(jpeg.path) as picture, Image.open(png.path) as exact:
        assert (picture.format, picture.mode, picture.size) == ("JPEG", "RGB", (64, 64))
        difference = np.abs(np.asarray(picture, int) - np.asarray(exact.convert("RGB"), int))
        assert difference.mean() < 3


def test_jpeg_shows_no_data_black(tmp_path: Path) -> None:
    data = cube(bands=("one",), height=64, width=64).copy()
    data = data.where(data.x > 600_320)
    [asset] = save(data, "JPEG", {"quality": 90, "colormap": "viridis"}, tmp_path)
    with Image.open(asset.path) as picture:
        pixels = np.asarray(picture, int)
    assert pixels[:, :24].max() < 12
    assert pixels[:, 40:].max() > 60


def test_a_better_jpeg_is_larger(tmp_path: Path) -> None:
    data = cube(height=64, width=64)
    sizes = [
        save(data, "JPEG", {"quality": quality}, tmp_path)[0].path.stat().st_size
        for quality in (10, 90)
    ]
    assert sizes[0] < sizes[1]
