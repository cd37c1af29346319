"""Reading JSON that may be of any shape."""

from __future__ import annotations

from types import MappingProxyType

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator import documents

SCALARS = st.none() | st.booleans() | st.integers(-3, 3) | st.floats(-2, 2) | st.text(max_size=3)
JSON = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=2), inner),
    max_leaves=8,
)


@given(JSON)
def test_no_reader_raises_whatever_the_document(document: object) -> None:
    for read in (documents.text, documents.number, documents.mapping, documents.texts):
        read(document, "a")
    list(documents.members(document, "a"))
    documents.objects(document, "a")
    documents.links({"links": document})
    documents.flag(document, "a")


def test_a_reader_gives_its_default_for_another_type() -> None:
    document = {"title": ["no text"], "n": "1", "deprecated": "true", "links": {"rel": "x"}}
    assert documents.text(document, "title", "untitled") == "untitled"
    assert documents.number(document, "n") is None
    assert documents.flag(document, "deprecated") is False
    assert documents.objects(document, "links") == ()


def test_members_of_another_type_are_passed_over() -> None:
    document = {"links": [{"rel": "about"}, "about", None], "by": {"a": {}, "b": 1}, "w": ["x", 2]}
    assert documents.objects(document, "links") == ({"rel": "about"},)
    assert list(documents.members(document, "by")) == [("a", {})]
    assert documents.texts(document, "w") == ("x",)


def test_links_lead_somewhere_and_say_what_they_are() -> None:
    whole = {"rel": "about", "href": "https://example.org", "title": None}
    broken = ["about", None, {"rel": "about"}, {"href": "x"}, {"rel": 5, "href": "x"}]
    assert documents.links({"links": [*broken, whole]}) == (whole,)
    assert documents.links({"links": whole}) == documents.links(None) == ()


@pytest.mark.parametrize("number", [True, float("nan"), float("inf"), "1", None])
def test_what_is_no_finite_number_is_none(number: object) -> None:
    assert not documents.is_number(number)


def test_huge_integers_are_numbers() -> None:
    assert documents.is_number(10**400)


def test_true_is_not_one() -> None:
    assert not documents.same(True, 1)
    assert not documents.same([False], [0])
    assert documents.same({"a": [1, 2.0]}, {"a": (1.0, 2)})
    assert documents.identity(True) != documents.identity(1)


def test_frozen_and_plain_objects_are_the_same() -> None:
    assert documents.same(MappingProxyType({"a": 1}), {"a": 1})
    assert documents.identity(MappingProxyType({"a": 1})) == documents.identity({"a": 1})


@given(JSON, JSON)
def test_values_are_identified_exactly_where_they_are_the_same(left: object, right: object) -> None:
    equal = documents.identity(left) == documents.identity(right)
    assert equal == documents.same(left, right)


@given(JSON)
def test_a_value_is_the_same_as_itself(value: object) -> None:
    assert documents.same(value, value)
    assert documents.identity(value) == documents.identity(value)


@pytest.mark.parametrize(
    ("lower", "higher"),
    [
        ("1.9", "1.10"),
        ("1.0.0-rc.1", "1.0.0"),
        ("0.9.0", "1.0.0-beta.2"),
        ("1.2", "1.2.1"),
        ("3.9", "3.11"),
        ("2.0.0-rc.9", "2.0.0-rc.10"),
        ("1.0.0-beta.10", "1.0.0-rc.2"),
        ("1.0.0-1", "1.0.0-alpha"),
        ("1.10", "1." + "9" * 5000),
        ("1.0.0-rc.2", "1.0.0-rc." + "9" * 5000),
        (None, "0.1"),
        (1.0, "0.1"),
    ],
)
def test_versions_are_compared_as_versions(lower: object, higher: object) -> None:
    assert documents.version_key(lower) < documents.version_key(higher)


def test_trailing_zeros_make_no_other_version() -> None:
    assert documents.version_key("1.0") == documents.version_key("1.0.0")


def test_depth_is_counted_in_objects_and_arrays() -> None:
    value: object = 1
    for _ in range(5):
        value = {"inside": [value]}
    assert documents.is_nested_within(value, 10)
    assert not documents.is_nested_within(value, 9)
    assert documents.is_nested_within("text", 0)


def test_depth_is_counted_without_recursion() -> None:
    value: object = 1
    for _ in range(100_000):
        value = [value]
    assert not documents.is_nested_within(value, 100)
