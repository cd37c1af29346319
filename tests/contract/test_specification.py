"""The checker itself: it passes what is right and fails what is wrong."""

from __future__ import annotations

import pytest

from tests.contract.specification import assert_conforms

WELL_KNOWN = {
    "versions": [
        {"url": "https://example.org/openeo/1.3", "api_version": "1.3.0", "production": True}
    ]
}


def test_a_right_body_passes() -> None:
    assert_conforms("get", "/.well-known/openeo", 200, WELL_KNOWN)


def test_a_missing_property_is_named_with_its_path() -> None:
    with pytest.raises(AssertionError, match=r"\$\.versions\[0\].*'url' is a required property"):
        assert_conforms("get", "/.well-known/openeo", 200, {"versions": [{"api_version": "1.3.0"}]})


def test_references_within_the_specification_are_followed() -> None:
    with pytest.raises(AssertionError, match="message"):
        assert_conforms("get", "/jobs/{job_id}", 404, {"code": "JobNotFound"})


def test_a_status_that_is_not_in_the_specification_fails() -> None:
    with pytest.raises(AssertionError, match="answered 302"):
        assert_conforms("get", "/jobs/{job_id}", 302, None)


def test_a_required_header_is_asked_for() -> None:
    with pytest.raises(AssertionError, match="lacks"):
        assert_conforms("post", "/jobs", 201, None, headers={})
