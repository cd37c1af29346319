"""Noise from hashed integers: the same at the same place, whoever asks.

Places are fixed-point angles: `uint32` with 2**32 for 360 degrees, so that a lattice
of 2**bits cells around the globe closes at the date line and no rounding depends on
the window. There is no random state.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from backends.chance import MASK, mixed

Floats = npt.NDArray[np.float32]
Angles = npt.NDArray[np.uint32]


def fixed_angle(degrees: npt.NDArray[np.float64]) -> Angles:
    """Degrees, counted from the date line or the south pole, as fixed-point angles."""
    steps = np.floor(degrees * (2.0**32 / 360.0))
    return np.mod(steps, 2.0**32).astype(np.uint32)


def hashed(columns: npt.NDArray[Any], rows: npt.NDArray[Any], seed: int) -> Angles:
    """32 well-mixed bits per cell; the two index arrays are broadcast."""
    state = columns.astype(np.uint32) * np.uint32(0x8DA6B343)
    state = state ^ (rows.astype(np.uint32) * np.uint32(0xD8163841) + np.uint32(seed & MASK))
    for shift, factor in ((16, 0x7FEB352D), (15, 0x846CA68B)):
        state ^= state >> np.uint32(shift)
        state *= np.uint32(factor)
    state ^= state >> np.uint32(16)
    return state


@dataclass(frozen=True)
class Place:
    """Where values are wanted: fixed-point longitude and latitude, of equal shape."""

    x: Angles
    y: Angles

    def cells(self, bits: int, seed: int) -> Cells:
        """The cells of a lattice with 2**bits around the globe, and their random bits.

        Where the points are sparser than the lattice, only the cells hit are hashed; the
        bits are the same either way.
        """
        shift = np.uint32(32 - bits)
        columns, rows = self.x >> shift, self.y >> shift
        left, top = int(columns.min()), int(rows.min())
        width, height = int(columns.max()) - left + 2, int(rows.max()) - top + 2
        if width * height > 2 * self.x.size:
            return _SparseCells(columns, rows, (1 << bits) - 1, seed)
        around = np.arange(left, left + width, dtype=np.int64) % (1 << bits)
        upwards = np.arange(top, top + height, dtype=np.int64)
        lattice = hashed(around[None, :], upwards[:, None], seed).ravel()
        index = (rows - np.uint32(top)).astype(np.int32)
        index *= np.int32(width)
        index += (columns - np.uint32(left)).astype(np.int32)
        return _DenseCells(lattice, index.astype(np.intp), width)

    def within(self, bits: int) -> tuple[Floats, Floats]:
        """How far each point lies inside its cell, 0 to 1, right and up."""
        mask, scale = np.uint32((1 << (32 - bits)) - 1), np.float32(2.0 ** (bits - 32))
        return (
            (self.x & mask).astype(np.float32) * scale,
            (self.y & mask).astype(np.float32) * scale,
        )


class Cells(Protocol):
    """For each point, the cell of a lattice in which it lies."""

    def own(self) -> Angles:
        """Random bits of the cell."""

    def edges(self) -> tuple[Floats, Floats, Floats, Floats]:
        """Values from 0 to 1 along its lower and its upper edge: at the left corner,
        and the difference to the right corner."""


@dataclass(frozen=True)
class _DenseCells:
    lattice: Angles
    index: npt.NDArray[np.intp]
    width: int

    def own(self) -> Angles:
        return self.lattice[self.index]

    def edges(self) -> tuple[Floats, Floats, Floats, Floats]:
        corners = _unit(self.lattice)
        steps = np.append(corners[1:], corners[:1]) - corners
        above, steps_above = corners[self.width :], steps[self.width :]
        return (
            corners[self.index],
            steps[self.index],
            above[self.index],
            steps_above[self.index],
        )


@dataclass(frozen=True)
class _SparseCells:
    columns: Angles
    rows: Angles
    mask: int
    seed: int

    def own(self) -> Angles:
        return hashed(self.columns, self.rows, self.seed)

    def edges(self) -> tuple[Floats, Floats, Floats, Floats]:
        right = (self.columns + np.uint32(1)) & np.uint32(self.mask)
        above = self.rows + np.uint32(1)
        low = _unit(hashed(self.columns, self.rows, self.seed))
        high = _unit(hashed(self.columns, above, self.seed))
        return (
            low,
            _unit(hashed(right, self.rows, self.seed)) - low,
            high,
            _unit(hashed(right, above, self.seed)) - high,
        )


def _unit(bits: Angles) -> Floats:
    """32 bits as a number from 0 to 1."""
    return bits.astype(np.float32) * np.float32(2.0**-32)


def parcels(place: Place, bits: int, seed: int) -> Angles:
    """32 random bits per point, equal all over a cell of the lattice."""
    return place.cells(bits, seed).own()


def value_noise(place: Place, bits: int, seed: int) -> Floats:
    """Smooth noise from 0 to 1 with 2**bits cells around the globe."""
    low, low_step, high, high_step = place.cells(bits, seed).edges()
    right, up = place.within(bits)
    right, up = _eased(right), _eased(up)
    low_step *= right
    low += low_step
    high_step *= right
    high += high_step
    high -= low
    high *= up
    low += high
    return low


def _eased(fraction: Floats) -> Floats:
    """The curve 3t² - 2t³, flat at both ends."""
    eased = fraction * np.float32(-2)
    eased += np.float32(3)
    eased *= fraction
    eased *= fraction
    return eased


def fractal(place: Place, bits: int, octaves: int, seed: int, gain: float = 0.5) -> Floats:
    """Sum of noises, each twice as fine and `gain` times as strong; 0 to 1, mean 0.5."""
    total = np.zeros(place.x.shape, np.float32)
    weight, sum_of_weights = 1.0, 0.0
    for octave in range(octaves):
        total += value_noise(place, bits + octave, mixed(seed, octave)) * np.float32(weight)
        sum_of_weights += weight
        weight *= gain
    total /= np.float32(sum_of_weights)
    return total


def ramp(values: Floats, start: float, end: float) -> Floats:
    """0 below `start`, 1 above `end`, eased between."""
    scaled = (values - np.float32(start)) * np.float32(1.0 / (end - start))
    return _eased(np.clip(scaled, np.float32(0), np.float32(1)))


def looked_up(table: Sequence[float] | Floats, index: npt.NDArray[np.uint8]) -> Floats:
    """The table's value for each index."""
    found: Floats = np.asarray(table, np.float32)[index]
    return found
