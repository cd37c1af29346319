"""Formats and their options."""

import json
from typing import Any

import pytest

from backends.errors import OpenEOError
from backends.formats import OUTPUT_FORMATS, file_formats, format_name, format_options


def test_the_four_formats_are_described_as_the_api_wants() -> None:
    document = file_formats(("GTiff", "netCDF", "PNG", "JSON"))
    assert list(document["output"]) == ["GTiff", "netCDF", "PNG", "JSON"]
    assert document["input"] == {}
    for described in document["output"].values():
        assert described["gis_data_types"]
        assert all("default" in schema for schema in described["parameters"].values())
    json.dumps(document)


def test_a_backend_shows_only_the_formats_that_it_offers() -> None:
    assert list(file_formats(("JSON",))["output"]) == ["JSON"]


@pytest.mark.parametrize("name", ["GTiff", "gtiff", "GTIFF", " gtiff "])
def test_upper_and_lower_case_do_not_matter(name: str) -> None:
    assert format_name(name) == "GTiff"


@pytest.mark.parametrize("name", ["GeoPackage", "", None, 7])
def test_an_unknown_format_is_refused_with_the_offered_ones(name: object) -> None:
    with pytest.raises(OpenEOError) as caught:
        format_name(name, ("GTiff", "JSON"))
    assert caught.value.code == "ProcessParameterInvalid"
    assert caught.value.message.endswith("choose one of GTiff, JSON.")


def test_options_not_given_have_their_default() -> None:
    assert format_options("gtiff", {"blocksize": 256}) == {
        "compress": "DEFLATE",
        "blocksize": 256,
        "overviews": "nearest",
        "dtype": "auto",
        "nodata": None,
        "filename_prefix": "openEO",
    }


def test_values_of_options_are_read_in_any_case() -> None:
    assert format_options("GTiff", {"compress": "deflate"})["compress"] == "DEFLATE"


@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("GTiff", {"compression": "LZW"}, "GTiff has no option 'compression'; it has compress"),
        ("GTiff", {"compress": "JPEG"}, "compress of GTiff must be one of DEFLATE, ZSTD, LZW"),
        ("GTiff", {"blocksize": 100}, "must be one of 128, 256, 512"),
        ("GTiff", {"blocksize": True}, "must be of type integer, not True"),
        ("GTiff", {"nodata": "none"}, "must be of type number or null"),
        ("GTiff", {"filename_prefix": "../x"}, "must match"),
        ("netCDF", {"compression_level": 10}, "must be from 0 to 9, not 10"),
        ("PNG", {"scale_min": 5, "scale_max": 5}, "scale_min (5) must be less than"),
        ("PNG", {"colormap": "jet"}, "must be one of gray, viridis"),
    ],
)
def test_wrong_options_are_refused_with_what_is_allowed(
    name: str, options: dict[str, Any], words: str
) -> None:
    with pytest.raises(OpenEOError) as caught:
        format_options(name, options)
    assert caught.value.code == "ProcessParameterInvalid"
    assert words in caught.value.message


def test_every_default_is_itself_allowed() -> None:
    for name, described in OUTPUT_FORMATS.items():
        defaults = {key: schema["default"] for key, schema in described["parameters"].items()}
        assert format_options(name, defaults) == defaults
