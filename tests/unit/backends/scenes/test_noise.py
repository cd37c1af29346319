"""Noise from hashed integers."""

import numpy as np
import pytest

from backends.scenes.noise import Place, fixed_angle, fractal, parcels, ramp, value_noise


def line(start: float, step: float, count: int = 64) -> Place:
    degrees = start + step * np.arange(count, dtype=np.float64)
    return Place(fixed_angle(np.tile(degrees, (4, 1))), fixed_angle(np.full((4, count), 141.2)))


def test_noise_is_the_same_again_and_other_with_another_seed() -> None:
    place = line(10, 0.01)
    assert np.array_equal(value_noise(place, 12, 5), value_noise(place, 12, 5))
    assert not np.array_equal(value_noise(place, 12, 5), value_noise(place, 12, 6))


def test_noise_lies_between_0_and_1_around_a_half() -> None:
    values = fractal(line(0, 0.31, 20_000), 11, 4, seed=3)
    assert 0 <= values.min() < 0.2
    assert 0.8 < values.max() <= 1
    assert values.mean() == pytest.approx(0.5, abs=0.02)


def test_noise_has_no_steps() -> None:
    values = value_noise(line(10, 0.0001, 2000), 12, 5)
    assert np.abs(np.diff(values, axis=1)).max() < 0.01


def test_noise_closes_at_the_date_line() -> None:
    values = value_noise(line(359.99, 0.0005, 40), 12, 5)
    assert np.abs(np.diff(values, axis=1)).max() < 0.05


def test_sparse_points_see_the_same_noise_as_dense_ones() -> None:
    dense, sparse = line(10, 0.001, 4096), line(10, 0.512, 8)
    assert np.array_equal(value_noise(dense, 18, 7)[:, ::512], value_noise(sparse, 18, 7))
    assert np.array_equal(parcels(dense, 17, 7)[:, ::512], parcels(sparse, 17, 7))


def test_a_ramp_rises_from_0_to_1() -> None:
    values = ramp(np.array([-1, 2, 3, 4, 9], np.float32), 2, 4)
    assert values.tolist() == [0, 0, 0.5, 1, 1]
