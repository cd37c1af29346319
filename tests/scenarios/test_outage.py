"""A backend that is gone in the middle of a session, and comes back."""

import pytest
from openeo.rest import OpenEoApiError

from tests.scenarios.conftest import Federation

AREA = {"west": 11.04, "south": 46.38, "east": 11.045, "north": 46.385}
DAYS = ("2024-07-01", "2024-07-08")


def test_a_backend_that_goes_is_missed_and_one_that_returns_is_back(
    federation: Federation,
) -> None:
    connection = federation.connect()
    radar = connection.load_collection(
        "SENTINEL1_GRD", spatial_extent=AREA, temporal_extent=DAYS
    ).reduce_dimension(dimension="t", reducer="mean")
    optical = connection.load_collection(
        "SENTINEL2_L2A", spatial_extent=AREA, temporal_extent=DAYS, bands=["B04", "B08"]
    ).reduce_dimension(dimension="t", reducer="mean")
    job = radar.create_job(out_format="GTiff")

    with federation.without("aurora"):
        # What the others do they still do, and the listings say who is missing.
        assert len(optical.download(format="GTiff") or b"") > 1000
        for path in ("/collections", "/processes", "/jobs"):
            assert connection.get(path).json()["federation:missing"] == ["aurora"]

        # What only the missing one can do is refused in its name.
        with pytest.raises(OpenEoApiError) as refused:
            radar.download(format="GTiff")
        assert refused.value.http_status_code == 503
        assert "aurora" in refused.value.message
        with pytest.raises(OpenEoApiError) as gone:
            job.describe()
        assert gone.value.http_status_code == 503
        assert "aurora" in gone.value.message

    # The session goes on where it was: the token still holds, the job is still there.
    assert "federation:missing" not in connection.get("/jobs").json()
    assert job.describe()["status"] == "created"
    assert len(radar.download(format="GTiff") or b"") > 1000
