"""UDF runtimes: per runtime, per version."""

from __future__ import annotations

from typing import Any

import pytest

from aggregator.merging.notes import Merged
from aggregator.merging.udf_runtimes import merge_udf_runtimes
from tests.contract.specification import assert_conforms
from tests.fakes.documents import LEFT_OUT, frozen, thawed, udf_runtime
from tests.unit.merging.noted import assert_not_noted, assert_noted

ORDER = ("terra", "aurora", "boreal")


def python(**runtimes: Any) -> Merged[dict[str, Any]]:
    """The runtime Python that backends have in these ways."""
    by_backend = {backend: {"Python": runtime} for backend, runtime in runtimes.items()}
    whole = merge_udf_runtimes(by_backend, order=ORDER)
    return Merged(whole.document.get("Python", {}), whole.notes)


def docker(*tags: str, default: str = "latest", **more: Any) -> dict[str, Any]:
    image = {"type": "docker", "docker": "openeo/udf", "tags": list(tags), "default": default}
    return {**image, **more}


def test_every_version_says_who_has_it() -> None:
    found = python(terra=udf_runtime("3.9", "3.11"), aurora=udf_runtime("3.11"))
    assert found.document == {
        "type": "language",
        "default": "3.11",
        "versions": {
            "3.9": {"libraries": {}, "federation:backends": ["terra"]},
            "3.11": {"libraries": {}, "federation:backends": ["terra", "aurora"]},
        },
        "federation:backends": ["terra", "aurora"],
    }
    assert_noted(found, "part-partial", "terra", subject="udf_runtimes/Python/versions/3.9")


def test_runtimes_of_all_backends_are_listed() -> None:
    by_backend = {"terra": {"Python": udf_runtime()}, "aurora": {"R": udf_runtime("4.3")}}
    found = merge_udf_runtimes(by_backend, order=ORDER).document
    assert {name: runtime["federation:backends"] for name, runtime in found.items()} == {
        "Python": ["terra"],
        "R": ["aurora"],
    }


def test_different_defaults_are_noted_and_the_first_stands() -> None:
    found = python(terra=udf_runtime("3.9"), aurora=udf_runtime("3.11"))
    assert found.document["default"] == "3.9"
    assert_noted(found, "default-version-differs", "terra", "aurora")


def test_a_default_that_is_not_offered_is_not_stated() -> None:
    found = python(terra=udf_runtime("3.9", "3.10", default="2.7"))
    assert found.document["default"] == "3.10"
    assert_noted(found, "value-unusable", "terra")
    assert_noted(found, "value-missing", "terra")


def test_without_any_default_the_highest_version_is() -> None:
    found = python(terra=udf_runtime("3.9", "3.10", "3.8", default=LEFT_OUT))
    assert found.document["default"] == "3.10"


def test_libraries_are_united_and_say_who_has_them() -> None:
    def having(**libraries: str) -> dict[str, Any]:
        listed = {name: {"version": version} for name, version in libraries.items()}
        return udf_runtime("3.11", versions={"3.11": {"libraries": listed}})

    found = python(terra=having(numpy="1.26"), aurora=having(numpy="2.1", xarray="2024.1"))
    assert found.document["versions"]["3.11"]["libraries"] == {
        "numpy": {"version": "1.26"},
        "xarray": {"version": "2024.1", "federation:backends": ["aurora"]},
    }
    assert_noted(found, "value-differs", "terra", "aurora")


def test_container_images_unite_their_tags() -> None:
    found = python(terra=docker("latest", "1.0"), aurora=docker("latest", "2.0"))
    assert found.document["tags"] == ["latest", "1.0", "2.0"]
    assert_noted(found, "part-partial", "aurora", subject="udf_runtimes/Python/tags/2.0")


def test_what_cannot_be_described_together_is_left_out_and_noted() -> None:
    found = python(terra=udf_runtime("3.11"), aurora=docker("latest"))
    assert found.document["federation:backends"] == ["terra"]
    assert "tags" not in found.document
    assert_noted(found, "runtime-type-differs", "aurora")
    images = python(terra=docker("latest"), aurora=docker("latest", docker="other/udf"))
    assert images.document["federation:backends"] == ["terra"]
    assert_noted(images, "runtime-type-differs", "aurora")


def test_the_type_is_taken_from_the_fields_where_it_is_missing() -> None:
    assert python(terra=udf_runtime(type=LEFT_OUT)).document["type"] == "language"
    untyped = docker("latest")
    del untyped["type"]
    assert python(terra=untyped).document["type"] == "docker"


def test_a_name_in_another_case_is_the_same_runtime() -> None:
    by_backend = {"terra": {"Python": udf_runtime()}, "aurora": {"python": udf_runtime()}}
    found = merge_udf_runtimes(by_backend, order=ORDER)
    assert list(found.document) == ["Python"]
    assert found.document["Python"]["federation:backends"] == ["terra", "aurora"]


@pytest.mark.parametrize(
    "broken",
    [None, [], "Python", 5, {"Python": None}, {"Python": []}, {"Python": {"versions": 5}}],
)
def test_broken_runtimes_cost_no_other_backend_its_own(broken: Any) -> None:
    by_backend = {"terra": broken, "aurora": {"Python": udf_runtime("3.11")}}
    found = merge_udf_runtimes(by_backend, order=ORDER)
    assert found.document["Python"]["versions"]["3.11"]["federation:backends"] == ["aurora"]
    assert found.document["Python"]["default"] == "3.11"
    assert any(note.backends == ("terra",) for note in found.notes)


def test_equal_runtimes_give_no_notes_and_no_property_at_the_top() -> None:
    by_backend = {name: {"Python": udf_runtime("3.9", "3.11")} for name in ORDER}
    found = merge_udf_runtimes(by_backend, order=ORDER)
    assert list(found.document) == ["Python"]
    assert_not_noted(found)
    assert_conforms("get", "/udf_runtimes", 200, found.document)


def test_inputs_are_left_as_they_are() -> None:
    by_backend = {
        "terra": {"Python": udf_runtime("3.9"), "D": docker("latest")},
        "aurora": {"Python": udf_runtime("3.11"), "D": docker("1.0", default="1.0")},
    }
    before = thawed(by_backend)
    plain = merge_udf_runtimes(by_backend, order=ORDER).document
    assert by_backend == before
    assert thawed(merge_udf_runtimes(frozen(by_backend), order=ORDER).document) == plain


@pytest.mark.parametrize("broken", [{"docker": None}, {"docker": LEFT_OUT}, {"type": "image"}])
def test_a_broken_container_image_takes_no_other_backends_place(broken: dict[str, Any]) -> None:
    incomplete = {k: v for k, v in docker("latest", **broken).items() if v is not LEFT_OUT}
    found = python(terra=incomplete, aurora=docker("latest", "v2"))
    assert found.document["docker"] == "openeo/udf"
    assert found.document["tags"] == ["latest", "v2"]
    assert found.document["federation:backends"] == ["aurora"]
    assert_noted(found, "runtime-type-differs", "terra")
