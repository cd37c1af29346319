"""Addresses in a backend's documents: whose they become."""

from __future__ import annotations

import pytest

from aggregator.usecases.links import Origin, federated, relinked, relinked_header
from aggregator.usecases.views import whole

VIEW = whole("https://federation.example")
BASE = "https://terra.example/openeo/1.2"
ORIGIN = Origin("terra", f"{BASE}/jobs/j-1/results", (BASE, "http://10.0.0.1/api"))
OURS = "https://federation.example/openeo/1.3/jobs/terra-j-1"


@pytest.mark.parametrize(
    ("theirs", "ours"),
    [
        (f"{BASE}/jobs/j-1", OURS),
        (f"{BASE}/jobs/j-1/results", f"{OURS}/results"),
        (f"{BASE}/jobs/j-1/results?partial=true", f"{OURS}/results?partial=true"),
        (f"{BASE}/jobs/j-1/logs?offset=a%20b", f"{OURS}/logs?offset=a+b"),
        ("http://10.0.0.1/api/jobs/j-1/estimate", f"{OURS}/estimate"),
        (f"{BASE}/jobs/j%7E1", "https://federation.example/openeo/1.3/jobs/terra-j~1"),
        (f"{BASE}/jobs/j-1/results?signature=x", None),
        (f"{BASE}/jobs/j-1/results/abcdef", None),
        (f"{BASE}/jobs/j-1/files/a.tif", None),
        (f"{BASE}/jobs/j-1#top", OURS),
        (f"{BASE}/jobs/j-1/logs?offset=5#last", f"{OURS}/logs?offset=5"),
        (f"{BASE}/jobs/", None),
        (f"{BASE}/other", None),
        ("https://elsewhere.example/jobs/j-1", None),
    ],
)
def test_only_what_needs_a_login_is_led_through_the_federation(
    theirs: str, ours: str | None
) -> None:
    assert federated(theirs, ORIGIN, VIEW) == ours


def test_links_and_assets_become_absolute_and_the_input_stays() -> None:
    document = {
        "links": [{"rel": "self", "href": "results"}, {"rel": "license", "href": "../../l.txt"}, 3],
        "assets": {"a": {"href": "a.tif"}, "b": {"href": "https://x.example/b.tif"}, "c": None},
        "other": 1,
    }
    before = repr(document)
    assert relinked(document, ORIGIN, VIEW) == {
        "links": [
            {"rel": "self", "href": f"{OURS}/results"},
            {"rel": "license", "href": f"{BASE}/l.txt"},
        ],
        "assets": {
            "a": {"href": f"{BASE}/jobs/j-1/a.tif"},
            "b": {"href": "https://x.example/b.tif"},
            "c": None,
        },
        "other": 1,
    }
    assert repr(document) == before


def test_a_header_link_is_led_through_the_federation_or_kept() -> None:
    header = f'<{BASE}/jobs/j-1/logs>; rel="monitor", <https://x.example/d>; rel="help"'
    assert relinked_header(header, ORIGIN, VIEW) == (
        f'<{OURS}/logs>; rel="monitor", <https://x.example/d>; rel="help"'
    )
    assert relinked_header("", ORIGIN, VIEW) == ""
    assert relinked_header("nonsense", ORIGIN, VIEW) == ""
