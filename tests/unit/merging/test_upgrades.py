"""Bands of assets, where backends are at different versions of an extension."""

from __future__ import annotations

from typing import Any

import pytest

from aggregator.merging.collections import merge_collection
from tests.fakes.documents import collection, frozen, thawed
from tests.unit.merging.merged import ORDER

EO1 = "https://stac-extensions.github.io/eo/v1.1.0/schema.json"
EO2 = "https://stac-extensions.github.io/eo/v2.0.0/schema.json"
RASTER1 = "https://stac-extensions.github.io/raster/v1.1.0/schema.json"
RASTER2 = "https://stac-extensions.github.io/raster/v2.0.0/schema.json"

OLD_EO = {"eo:bands": [{"name": "B02", "common_name": "blue", "center_wavelength": 0.49}]}
OLD_RASTER = {"raster:bands": [{"data_type": "uint16", "scale": 0.1, "nodata": 0}]}
NEW_EO = {"bands": [{"name": "B02", "eo:common_name": "blue", "eo:center_wavelength": 0.49}]}


def of_assets(asset: dict[str, Any], *extensions: str, **more: Any) -> dict[str, Any]:
    fields = {"item_assets": {"B02": asset}}
    return collection("X", bands=(), fields=fields, stac_extensions=list(extensions), **more)


def merged(**by_backend: Any) -> Any:
    return merge_collection("X", by_backend, order=ORDER).document


def test_older_bands_become_what_the_newer_version_of_the_extension_knows() -> None:
    found = merged(
        terra=of_assets(NEW_EO, EO2, stac_version="1.1.0"),
        aurora=of_assets(OLD_EO, EO1, stac_version="1.0.0"),
    )
    assert found["item_assets"] == {"B02": NEW_EO}
    assert found["stac_extensions"] == [EO2]


def test_what_each_extension_says_of_a_band_is_joined() -> None:
    found = merged(
        terra=of_assets(NEW_EO, EO2, RASTER2),
        aurora=of_assets({**OLD_EO, **OLD_RASTER}, EO1, RASTER1),
    )
    raster = {"data_type": "uint16", "raster:scale": 0.1, "nodata": 0}
    assert found["item_assets"] == {"B02": {"bands": [NEW_EO["bands"][0] | raster]}}


def test_files_of_a_collection_are_described_likewise() -> None:
    preview = {"href": "https://aurora.example/p.png", **OLD_EO}
    found = merged(
        terra=of_assets(NEW_EO, EO2), aurora=of_assets(OLD_EO, EO1, assets={"preview": preview})
    )
    assert found["assets"]["preview"]["bands"] == NEW_EO["bands"]
    assert "eo:bands" not in found["assets"]["preview"]


@pytest.mark.parametrize("extensions", [(EO1,), (EO1, EO2), ()])
def test_bands_stay_as_they_are_where_the_backends_are_at_one_version(
    extensions: tuple[str, ...],
) -> None:
    document = of_assets(OLD_EO, *extensions)
    found = merged(terra=document, aurora=document)
    assert found["item_assets"] == {"B02": OLD_EO}
    assert found["stac_extensions"] == list(extensions)


@pytest.mark.parametrize("odd", [None, 3, {"B02": None}, {"B02": {"eo:bands": [1]}}, ["B02"]])
def test_odd_assets_of_an_older_version_cost_nobody_anything(odd: object) -> None:
    by_backend = {
        "terra": {**of_assets(OLD_EO, EO1), "item_assets": odd, "assets": odd},
        "aurora": of_assets(NEW_EO, EO2),
    }
    found = merged(**{name: frozen(document) for name, document in by_backend.items()})
    assert thawed(found["item_assets"])["B02"]["bands"] == NEW_EO["bands"]
