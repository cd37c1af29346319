"""What the capabilities list, and what a review says of it."""

from __future__ import annotations

from tests.unit.self_review.reviewing import verdict


def test_a_method_in_small_letters_is_said_to_be_listed_so() -> None:
    backend = {
        "GET /": {
            "api_version": "1.3.0",
            "endpoints": [{"path": "/processes", "methods": ["get"]}],
        },
        "GET /processes": {"processes": [], "links": []},
        "GET /file_formats": {"input": {}, "output": {}},
    }
    assert verdict(backend, "api-31") == (
        "fail",
        "GET /file_formats is not listed, but answers 200; "
        "GET /processes is listed as 'get', not in capital letters, but answers 200.",
    )
