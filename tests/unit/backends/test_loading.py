"""What a process graph asks of a collection."""

import dataclasses
import subprocess
import sys

import pytest

from backends.loading import LoadRequest


def test_a_request_for_everything_has_no_limits_but_the_size() -> None:
    request = LoadRequest()
    unlimited = dataclasses.replace(request, max_samples=1)
    assert dataclasses.astuple(unlimited) == (None, None, None, {}, None, None, 1)
    assert request.max_samples > 1_000_000


def test_a_request_cannot_be_changed() -> None:
    with pytest.raises(dataclasses.FrozenInstanceError):
        LoadRequest().bands = ("B02",)  # type: ignore[misc]


def test_what_the_http_side_imports_brings_no_library_that_computes() -> None:
    script = (
        "import sys, backends.loading, backends.formats, backends.collections\n"
        "print([name for name in ('numpy', 'xarray', 'dask', 'rasterio') if name in sys.modules])"
    )
    found = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, timeout=60, check=True
    )
    assert found.stdout.strip() == "[]"
