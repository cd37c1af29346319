"""What the three profiles offer, as the federation wants collections to be."""

import json
import re
from collections import defaultdict
from pathlib import Path
from typing import Any

import jsonschema
import pystac
import pytest
from pystac.extensions.datacube import DatacubeExtension, DimensionType
from pystac.extensions.eo import EOExtension
from pystac.extensions.sar import SarExtension
from pystac.validation import validate_dict

from backends.collections import describe
from backends.profile import CollectionSpec
from backends.profile_reading import load_profile

PROFILES = Path(__file__).parents[3] / "config" / "backends"

HARMONISED = {"SENTINEL1_GRD", "SENTINEL2_L1C", "SENTINEL2_L2A", "SENTINEL3_OLCI_L1B"}


def offered() -> list[tuple[str, CollectionSpec, dict[str, Any]]]:
    found = []
    for name in ("terra", "aurora", "boreal"):
        profile = load_profile(PROFILES / f"{name}.yaml")
        host = {"name": profile.provider.name, "url": profile.provider.url}
        found += [(name, spec, describe(spec, host)) for spec in profile.collections]
    return found


OFFERED = offered()
DOCUMENTS = [pytest.param(document, id=f"{name}-{spec.id}") for name, spec, document in OFFERED]

_SPATIAL = {
    "required": ["axis", "extent"],
    "properties": {
        "axis": {"enum": ["x", "y"]},
        "extent": {"type": "array", "items": {"type": "number"}, "minItems": 2, "maxItems": 2},
        "step": {"type": ["number", "null"]},
        "reference_system": {"type": ["string", "number", "object"]},
    },
}
_TEMPORAL = {
    "required": ["extent"],
    "not": {"required": ["axis"]},
    "properties": {
        "extent": {"type": "array", "items": {"type": "string", "format": "date-time"}},
        "step": {"type": ["string", "null"]},
        "values": {"type": "array", "items": {"type": "string"}, "minItems": 1},
    },
}
_BANDS = {
    "required": ["values"],
    "not": {"required": ["axis"]},
    "properties": {"values": {"type": "array", "items": {"type": "string"}, "minItems": 1}},
}
DIMENSIONS = {
    "type": "object",
    "additionalProperties": {
        "required": ["type"],
        "allOf": [
            {"if": {"properties": {"type": {"const": kind}}}, "then": rules}
            for kind, rules in (("spatial", _SPATIAL), ("temporal", _TEMPORAL), ("bands", _BANDS))
        ],
    },
}
"""What the datacube extension 2.2 demands of dimensions; its own schema is not in any package."""


def test_the_federation_has_twelve_collections_and_more() -> None:
    assert len({spec.id for _, spec, _ in OFFERED}) >= 12
    assert {spec.id for _, spec, _ in OFFERED} >= HARMONISED


@pytest.mark.parametrize("document", DOCUMENTS)
def test_ids_follow_the_naming_convention(document: dict[str, Any]) -> None:
    assert re.fullmatch(r"[A-Z0-9]+(_[A-Z0-9]+)*", document["id"])


@pytest.mark.parametrize("document", DOCUMENTS)
def test_documents_are_valid_stac(document: dict[str, Any]) -> None:
    # Only the schemas of STAC 1.1 are inside pystac; both versions demand the same of these.
    newer = {**document, "stac_version": "1.1.0"}
    checked = validate_dict(newer, pystac.STACObjectType.COLLECTION, "1.1.0", extensions=[])
    assert checked == [
        "https://schemas.stacspec.org/v1.1.0/collection-spec/json-schema/collection.json"
    ]
    jsonschema.validate(document["cube:dimensions"], DIMENSIONS)


@pytest.mark.filterwarnings("ignore:The collection 'TERRA_LANDCOVER_MAP_V1' is deprecated")
@pytest.mark.parametrize("document", DOCUMENTS)
def test_pystac_reads_what_the_extensions_say(document: dict[str, Any]) -> None:
    collection = pystac.Collection.from_dict(json.loads(json.dumps(document)))
    cube = DatacubeExtension.ext(collection)
    assert {"x", "y", "bands"} <= cube.dimensions.keys() <= {"x", "y", "t", "bands"}
    assert cube.dimensions["x"].dim_type == DimensionType.SPATIAL
    assert cube.dimensions["bands"].to_dict()["values"]
    if "eo:cloud_cover" in document["summaries"]:
        assert EOExtension.summaries(collection).cloud_cover is not None
    if "sar:polarizations" in document["summaries"]:
        assert SarExtension.summaries(collection).polarizations


PREFIXES = ("cube", "eo", "sar", "sat", "processing", "classification", "raster")


def prefixes(value: Any) -> set[str]:
    if isinstance(value, dict):
        found = {key.split(":")[0] for key in value if ":" in key}
        return found.union(*(prefixes(part) for part in value.values()))
    return set().union(*map(prefixes, value)) if isinstance(value, list) else set()


@pytest.mark.parametrize("document", DOCUMENTS)
def test_all_extensions_are_declared_whose_fields_occur(document: dict[str, Any]) -> None:
    declared = " ".join(document["stac_extensions"]).replace("datacube", "cube")
    for prefix in prefixes(document):
        assert f"/{prefix}/v" in declared
    if {"version", "deprecated", "experimental"} & document.keys():
        assert "/version/v1.2.0/" in declared


@pytest.mark.parametrize("document", DOCUMENTS)
def test_a_producer_and_at_last_the_host_are_named(document: dict[str, Any]) -> None:
    roles = [provider["roles"] for provider in document["providers"]]
    assert roles[-1] == ["host"]
    assert any("producer" in one for one in roles[:-1])
    assert sum("host" in one for one in roles) == 1


def test_one_is_experimental_one_deprecated_and_one_has_a_common_name() -> None:
    flags = defaultdict(set)
    for _, spec, document in OFFERED:
        for key in ("experimental", "deprecated", "common_name"):
            if key in document:
                flags[key].add(spec.id)
    assert flags == {
        "experimental": {"TERRA_SNOW_300M_DAILY"},
        "deprecated": {"TERRA_LANDCOVER_MAP_V1"},
        "common_name": {"BOREAL_S2_MIRROR"},
    }


def test_some_are_shared_with_other_extents_and_bands() -> None:
    shared = defaultdict(list)
    for _, spec, document in OFFERED:
        shared[document.get("common_name", spec.id)].append(document)
    several = {name: found for name, found in shared.items() if len(found) > 1}
    assert set(several) == {
        *("SENTINEL2_L2A", "SENTINEL3_OLCI_L1B", "TERRA_LANDCOVER_MAP", "TERRA_NDVI_300M_10DAILY")
    }
    extents = [json.dumps(one["extent"]) for one in several["SENTINEL2_L2A"]]
    bands = [tuple(one["cube:dimensions"]["bands"]["values"]) for one in several["SENTINEL2_L2A"]]
    assert len(set(extents)) == len(set(bands)) == 3


def test_sentinel_2_has_scene_classes_and_angles_under_the_agreed_names() -> None:
    document = next(d for name, s, d in OFFERED if (name, s.id) == ("terra", "SENTINEL2_L2A"))
    assert set(document["cube:dimensions"]["bands"]["values"]) >= {
        *("B02", "B8A", "B12", "SCL", "approximateViewAzimuth", "viewZenithMean"),
        *("sunAzimuthAngles", "sunZenithAngles"),
    }


@pytest.mark.parametrize(
    ("collection", "names"),
    [
        ("SENTINEL2_L2A", {"eo:cloud_cover", "sat:relative_orbit"}),
        ("SENTINEL1_GRD", {"sat:orbit_state", "sat:relative_orbit", "sar:instrument_mode"}),
    ],
)
def test_the_agreed_properties_are_summarised(collection: str, names: set[str]) -> None:
    for _, spec, document in OFFERED:
        if spec.id == collection:
            assert names <= document["summaries"].keys()
