"""Parts of a computation at several backends give what one with everything gives, bit for bit."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

from backends import scenes
from backends.loading import LoadRequest
from backends.profile import CollectionSpec
from tests.fakes.exchange import difference
from tests.fakes.fronts import Front, front
from tests.fakes.holdings import COMPUTING, WHOLE, Computing, holdings, load_part, saved
from tests.scenarios.several_backends import AREA, CASES, Graph

pytestmark = COMPUTING
Whole = Callable[[str], xr.Dataset]


@pytest.fixture(scope="module")
def backends(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Computing]]:
    with holdings(tmp_path_factory.mktemp("holdings")) as made:
        yield made


@pytest.fixture(scope="module")
def aggregator(
    backends: dict[str, Computing], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Front]:
    with front(backends, tmp_path_factory.mktemp("front")) as made:
        yield made


@pytest.fixture(scope="module")
def whole(backends: dict[str, Computing], tmp_path_factory: pytest.TempPathFactory) -> Whole:
    """What the backend that holds everything makes of a case."""
    folder = tmp_path_factory.mktemp("whole")

    @cache
    def found(name: str) -> xr.Dataset:
        result = computed(backends[WHOLE], CASES[name].graph, folder)
        for layer in result.data_vars.values():
            known = layer.values[np.isfinite(layer.values)]
            assert np.unique(known).size > 1, f"there is nothing to compare in {layer.name}"
        return result

    return found


def with_result(graph: Mapping[str, Graph]) -> dict[str, Graph]:
    """The graph with its last node saved."""
    return {**graph, "save": saved(list(graph)[-1])}


def computed(backend: Computing | Front, graph: Mapping[str, Graph], folder: Path) -> xr.Dataset:
    """What a batch job saves."""
    job = backend.started(with_result(graph))
    assert backend.ended(job) == "finished", backend.said(job)
    return contents(backend.file(job, folder))


def contents(file: Path) -> xr.Dataset:
    """A file as anybody reads it, so that nothing of ours can hide a difference."""
    with xr.open_dataset(file, engine="h5netcdf", decode_coords="all") as found:
        return found.load()


def differing(whole: xr.Dataset, split: xr.Dataset) -> list[str]:
    """The variables, labels and the grid that are not the same to the last bit."""
    assert whole.sizes == split.sizes
    return [
        str(name)
        for name in {**whole.variables, **split.variables}
        if name not in split.variables
        or whole[name].dims != split[name].dims
        or whole[name].attrs != split[name].attrs
        or whole[name].dtype != split[name].dtype
        or not _same_bits(whole[name].values, split[name].values)
    ]


def _same_bits(one: Any, other: Any) -> bool:
    if one.dtype.kind == "O":
        return bool((one == other).all())
    return bool(one.tobytes() == other.tobytes())


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.by_hand])
def test_parts_cut_by_hand_give_what_the_whole_gives(
    backends: dict[str, Computing], whole: Whole, tmp_path: Path, name: str
) -> None:
    case = CASES[name]
    rest = dict(case.graph)
    for exit_, (where, nodes) in case.elsewhere.items():
        part = {each: rest.pop(each) for each in nodes}
        job = backends[where].finished(with_result(part))
        rest[exit_] = load_part(backends[where].link(job))
    last = list(case.graph)[-1]
    rest[last] = rest.pop(last)
    assert not differing(whole(name), computed(backends[case.last], rest, tmp_path))


@pytest.mark.parametrize("name", [name for name, case in CASES.items() if case.is_split])
def test_a_job_that_the_federation_splits_gives_what_the_whole_gives(
    aggregator: Front, whole: Whole, tmp_path: Path, name: str
) -> None:
    job = aggregator.started(with_result(CASES[name].graph))
    assert job.startswith("federation-")
    assert aggregator.ended(job) == "finished", aggregator.said(job)
    assert not differing(whole(name), contents(aggregator.file(job, tmp_path)))


@pytest.mark.parametrize(
    ("product", "wide", "narrow", "bands"),
    [
        (
            "sentinel2_l2a",
            {},
            {"bands": ["SCL", "B04"], "spatial_extent": [4.0, 50.5, 32.0, 72.0]},
            ("B04", "SCL"),
        ),
        (
            "vegetation_10daily",
            {"bands": ["FAPAR", "NDVI"]},
            {"bands": ["NDVI"], "temporal_extent": ["2024-01-01", None]},
            ("NDVI",),
        ),
        ("landcover", {}, {"temporal_extent": ["2024-01-01", "2024-12-31"]}, ("MAP",)),
    ],
)
def test_a_product_is_the_same_wherever_it_is_held(
    product: str, wide: dict[str, Any], narrow: dict[str, Any], bands: tuple[str, ...]
) -> None:
    request = LoadRequest(
        spatial_extent=AREA, temporal_extent=("2024-01-01", "2024-06-19"), bands=bands
    )
    one, other = (
        scenes.load(CollectionSpec(name, "world", product, options), request).compute()
        for name, options in (("TERRA_ONE", wide), ("BOREAL_MIRROR", narrow))
    )
    assert not difference(one, other)
    assert np.isfinite(one.values).any()
