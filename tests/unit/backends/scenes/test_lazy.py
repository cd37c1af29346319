"""Lazy fields are computed once, and do not travel."""

import pickle
from dataclasses import dataclass

import numpy as np

from backends.scenes.grid import Window
from backends.scenes.ground import Ground
from backends.scenes.lazy import Lazy, lazily


@dataclass(frozen=True)
class Counted(Lazy):
    calls: list[int]

    @lazily
    def field(self) -> int:
        """How often it was computed."""
        self.calls.append(1)
        return len(self.calls)


def test_a_field_is_computed_once() -> None:
    counted = Counted([])
    assert counted.calls == []
    assert (counted.field, counted.field) == (1, 1)


def test_a_pickle_holds_no_computed_field_and_computes_the_same() -> None:
    ground = Ground(Window("EPSG:32631", 10.0, 64_000, -565_000, 64, 64))
    elevation = ground.elevation
    packed = pickle.dumps(ground)
    assert len(packed) < 1000
    again = pickle.loads(packed)
    assert again == ground
    assert np.array_equal(again.elevation, elevation)
