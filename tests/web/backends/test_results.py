"""Results of batch jobs: documents, signed links, files."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import Any

import pystac
import pytest
from pystac.validation import validate_dict

from backends.errors import OpenEOError
from backends.jobs.engine import Task
from backends.jobs.reporting import Reporter
from tests.web.backends.site import PATIENCE, Site, error, save_one, until, write

TEMPLATE = "/jobs/{job_id}/results"


def results(site: Site, job_id: str, query: str = "") -> dict[str, Any]:
    response = site.ask("GET", f"/jobs/{job_id}/results{query}", template=TEMPLATE)
    assert response.status_code == 200, response.text
    assert response.headers["OpenEO-Costs"] == "0"
    document: dict[str, Any] = response.json  # type: ignore[assignment]
    return document


def links(document: dict[str, Any]) -> dict[str, str]:
    return {link["rel"]: link["href"] for link in document["links"]}


def test_results_are_a_stac_collection_of_the_files(site: Site) -> None:
    job_id = site.finished(title="NDVI")
    document = results(site, job_id)
    assert document["type"] == "Collection"
    assert (document["id"], document["title"]) == (job_id, "NDVI")
    assert document["openeo:status"] == "finished"
    assert document["extent"] == {
        "spatial": {"bbox": [[7.0, 51.0, 7.01, 51.01]]},
        "temporal": {"interval": [["2024-06-03T10:30:00Z", "2024-06-03T10:30:00Z"]]},
    }
    assert document["expires"] == "2026-01-08T12:00:00Z"
    assert document["queued"] == document["started"] == "2026-01-01T12:00:00Z"
    asset = document["assets"]["openEO.tif"]
    assert asset["type"] == "image/tiff; application=geotiff; profile=cloud-optimized"
    assert asset["roles"] == ["data"]
    assert asset["proj:epsg"] == 32632
    assert "proj:code" not in asset
    assert asset["bands"] == [{"name": "B04", "data_type": "float32", "nodata": "nan"}]
    assert asset["eo:bands"] == [{"name": "B04"}]
    assert asset["raster:bands"] == [{"data_type": "float32", "nodata": "nan"}]
    assert asset["file:size"] == 1000


def test_results_and_their_items_are_valid_stac(site: Site) -> None:
    # Only the schemas of STAC 1.1 are inside pystac; both versions demand the same of these.
    document = results(site, site.finished())
    item = site.ask("GET", links(document)["item"], user=None).json
    assert item is not None
    kinds = pystac.STACObjectType
    for found, kind in ((document, kinds.COLLECTION), (item, kinds.ITEM)):
        assert validate_dict({**found, "stac_version": "1.1.0"}, kind, "1.1.0", extensions=[])
        fields = {key.partition(":")[0] for key in [*found, *_first_asset(found)] if ":" in key}
        declared = " ".join(found["stac_extensions"]).replace("projection", "proj")
        assert all(f"/{name}/" in declared for name in fields - {"openeo"})


def _first_asset(document: dict[str, Any]) -> dict[str, Any]:
    asset: dict[str, Any] = next(iter(document["assets"].values()))
    return asset


def test_files_are_fetched_without_logging_in(site: Site) -> None:
    document = results(site, site.finished())
    response = site.ask("GET", document["assets"]["openEO.tif"]["href"], user=None)
    assert response.data == b"0123456789" * 100
    assert response.content_type.startswith("image/tiff")


def test_a_part_of_a_file_can_be_fetched(site: Site) -> None:
    href = results(site, site.finished())["assets"]["openEO.tif"]["href"]
    part = site.ask("GET", href, user=None, headers={"Range": "bytes=5-12"})
    assert (part.status_code, part.data) == (206, b"56789012")
    assert part.headers["Content-Range"] == "bytes 5-12/1000"
    whole = site.ask("HEAD", href, user=None)
    assert whole.headers["Accept-Ranges"] == "bytes"
    assert whole.headers["Content-Length"] == "1000"
    beyond = site.ask("GET", href, user=None, headers={"Range": "bytes=2000-"})
    assert beyond.status_code == 416
    assert set(beyond.json or {}) >= {"code", "message"}


def test_an_unchanged_file_is_not_sent_again(site: Site) -> None:
    href = results(site, site.finished())["assets"]["openEO.tif"]["href"]
    first = site.ask("GET", href, user=None)
    second = site.ask("GET", href, user=None, headers={"If-None-Match": first.headers["ETag"]})
    assert (second.status_code, second.data) == (304, b"")


def test_a_signed_link_expires(site: Site) -> None:
    document = results(site, site.finished())
    href = document["assets"]["openEO.tif"]["href"]
    site.clock.forward(days=6, hours=23)
    assert site.ask("GET", href, user=None).status_code == 200
    site.clock.forward(hours=2)
    assert error(site.ask("GET", href, user=None)) == (410, "ResultLinkExpired")
    assert error(site.ask("GET", links(document)["canonical"], user=None)) == (
        410,
        "ResultLinkExpired",
    )


def test_new_links_are_given_when_the_old_ones_are_too_old(site: Site) -> None:
    job_id = site.finished()
    first = results(site, job_id)["assets"]["openEO.tif"]["href"]
    site.clock.forward(days=8)
    second = results(site, job_id)["assets"]["openEO.tif"]["href"]
    assert first != second
    assert site.ask("GET", second, user=None).status_code == 200


def test_a_signature_cannot_be_made_up(site: Site) -> None:
    href = results(site, site.finished())["assets"]["openEO.tif"]["href"]
    head, _, tail = href.rpartition("/files/")
    for broken in (head[:-3] + "abc", head + "x", head.rpartition("/")[0] + "/abc"):
        response = site.ask("GET", f"{broken}/files/{tail}", user=None)
        assert error(response) == (403, "TokenInvalid")


def test_an_access_token_is_no_signature_and_a_signature_no_token(site: Site) -> None:
    href = results(site, site.finished())["assets"]["openEO.tif"]["href"]
    signature = href.rpartition("/files/")[0].rpartition("/")[2]
    refused = site.ask("GET", "/me", headers={"Authorization": f"Bearer {signature}"})
    assert error(refused) == (403, "TokenInvalid")
    token = site.token().removeprefix("Bearer ")
    response = site.ask("GET", f"/results/{token}/files/openEO.tif", user=None)
    assert error(response) == (403, "TokenInvalid")


@pytest.mark.parametrize("name", ["other.tif", "../task.json", "%2e%2e/task.json", ""])
def test_only_the_files_of_the_results_can_be_fetched(site: Site, name: str) -> None:
    href = results(site, site.finished())["assets"]["openEO.tif"]["href"]
    response = site.ask("GET", href.replace("openEO.tif", name), user=None)
    assert response.status_code == 404


def test_the_canonical_link_opens_the_same_document_without_logging_in(site: Site) -> None:
    document = results(site, site.finished(), "?partial=true")
    canonical = links(document)["canonical"]
    assert canonical.endswith("?partial=true")
    response = site.ask("GET", canonical, user=None)
    assert response.status_code == 200
    shared = response.json
    assert shared is not None
    assert shared["expires"] == document["expires"]
    assert shared["id"] == document["id"]
    assert site.ask("GET", shared["assets"]["openEO.tif"]["href"], user=None).status_code == 200
    assert links(shared)["canonical"].endswith("?partial=true")


def test_the_canonical_link_is_made_afresh_at_each_request(site: Site) -> None:
    job_id = site.finished()
    first = links(results(site, job_id))["canonical"]
    site.clock.forward(hours=1)
    assert links(results(site, job_id))["canonical"] != first


def test_each_located_file_is_a_stac_item_too(site: Site) -> None:
    document = results(site, site.finished())
    item = site.ask("GET", links(document)["item"], user=None).json
    assert item is not None
    assert item["type"] == "Feature"
    assert item["bbox"] == [7.0, 51.0, 7.01, 51.01]
    assert item["geometry"]["type"] == "Polygon"
    assert item["properties"]["datetime"] == "2024-06-03T10:30:00Z"
    href = item["assets"]["data"]["href"]
    assert site.ask("GET", href, user=None).status_code == 200


def test_files_of_several_folders_keep_their_names(site: Site) -> None:
    def two(task: Task, reporter: Reporter) -> None:
        write(task, reporter, "openEO.tif", b"one")
        write(task, reporter, "2/openEO.tif", b"two")

    site.behaviour = two
    assets = results(site, site.finished())["assets"]
    assert list(assets) == ["openEO.tif", "2/openEO.tif"]
    found = [site.ask("GET", asset["href"], user=None).data for asset in assets.values()]
    assert found == [b"one", b"two"]


def test_a_job_that_was_not_started_has_no_results(site: Site) -> None:
    path = f"/jobs/{site.create()}/results"
    assert error(site.ask("GET", path, template=TEMPLATE)) == (400, "JobNotFinished")
    partial = site.ask("GET", f"{path}?partial=true", template=TEMPLATE)
    assert error(partial) == (400, "JobNotStarted")


def test_a_running_job_has_partial_results_on_request_only(site: Site) -> None:
    event = threading.Event()

    def slow(task: Task, reporter: Reporter) -> None:
        save_one(task, reporter)
        assert event.wait(PATIENCE)

    site.behaviour = slow
    job_id = site.create()
    site.start(job_id)
    response = site.ask("GET", f"/jobs/{job_id}/results", template=TEMPLATE)
    assert error(response) == (400, "JobNotFinished")
    while not (document := results(site, job_id, "?partial=true"))["assets"]:
        pass
    assert document["openeo:status"] == "running"
    assert list(document["assets"]) == ["openEO.tif"]
    assert error(site.ask("GET", f"/jobs/{job_id}/results?partial=maybe"))[0] == 400
    event.set()
    site.wait(job_id, "finished")


def test_an_old_api_has_what_the_federation_asks_of_results_and_logs(tmp_path: Path) -> None:
    site = Site(tmp_path / "data", api_version="1.1.0", url_path="/openeo/1.1")
    event = threading.Event()
    site.behaviour = until(event)
    job_id = site.create()
    site.start(job_id)
    assert error(site.ask("GET", f"/jobs/{job_id}/results")) == (400, "JobNotFinished")
    assert results(site, job_id, "?partial=true")["openeo:status"] == "running"
    log = site.ask("GET", f"/jobs/{job_id}/logs").json
    assert log is not None
    assert log["level"] == "info"
    event.set()
    site.wait(job_id, "finished")
    assert results(site, job_id)["openeo:status"] == "finished"
    site.close()


def test_a_canceled_job_keeps_the_files_it_had_saved(site: Site) -> None:
    event = threading.Event()

    def slow(task: Task, reporter: Reporter) -> None:
        save_one(task, reporter)
        assert event.wait(PATIENCE)

    site.behaviour = slow
    job_id = site.create()
    site.start(job_id)
    while not results(site, job_id, "?partial=true")["assets"]:
        pass
    site.ask("DELETE", f"/jobs/{job_id}/results")
    assert site.job(job_id)["status"] == "canceled"
    document = results(site, job_id)
    assert document["openeo:status"] == "canceled"
    href = document["assets"]["openEO.tif"]["href"]
    assert site.ask("GET", href, user=None).status_code == 200
    event.set()


def test_a_failed_job_tells_its_error_instead(site: Site) -> None:
    def fail(_task: Task, _reporter: Reporter) -> None:
        raise OpenEOError("NoDataAvailable", "There is no data.")

    site.behaviour = fail
    job_id = site.create()
    site.start(job_id)
    site.wait(job_id, "error")
    response = site.ask("GET", f"/jobs/{job_id}/results", template=TEMPLATE)
    assert response.status_code == 424
    entry = response.json
    assert entry is not None
    assert (entry["level"], entry["code"], entry["message"]) == (
        "error",
        "NoDataAvailable",
        "There is no data.",
    )
    logs = site.ask("GET", f"/jobs/{job_id}/logs?level=error").json
    assert logs is not None
    assert entry["id"] == logs["logs"][0]["id"]


def test_running_a_job_again_replaces_its_results(site: Site) -> None:
    job_id = site.finished()
    old = results(site, job_id)["assets"]["openEO.tif"]["href"]
    site.behaviour = lambda task, reporter: write(task, reporter, "new.tif", b"new")
    site.start(job_id)
    site.wait(job_id, "finished")
    assert list(results(site, job_id)["assets"]) == ["new.tif"]
    assert error(site.ask("GET", old, user=None)) == (410, "ResultLinkExpired")


def link_to(site: Site, job_id: str) -> str:
    """The signed link to what there is of the results."""
    links = results(site, job_id, "?partial=true")["links"]
    return next(str(link["href"]) for link in links if link["rel"] == "canonical")


def status_at(site: Site, link: str) -> object:
    document = site.ask("GET", link, user=None).json
    assert document is not None
    return document.get("openeo:status", document.get("code"))


def test_a_link_from_before_the_run_opens_its_results(site: Site) -> None:
    event = threading.Event()
    site.behaviour = until(event)
    first, second = site.create(), site.create()
    site.start(first)
    site.start(second)
    assert site.job(second)["status"] == "queued"
    link = link_to(site, second)
    assert status_at(site, link) == "running"
    event.set()
    site.wait(second, "finished")
    assert status_at(site, link) == "finished"


def test_a_link_outlives_an_interruption_but_no_new_start(site: Site) -> None:
    event = threading.Event()
    site.behaviour = until(event)
    job_id = site.create()
    site.start(job_id)
    link = link_to(site, job_id)
    assert site.store.requeue(job_id, 1, site.clock())
    assert status_at(site, link) == "running"
    site.store.claim_next(site.clock(), concurrent=9)
    assert status_at(site, link) == "running"
    site.ask("DELETE", f"/jobs/{job_id}/results")
    site.start(job_id)
    assert status_at(site, link) == "ResultLinkExpired"
    event.set()


def test_the_links_of_a_deleted_job_lead_nowhere(site: Site) -> None:
    job_id = site.finished()
    href = results(site, job_id)["assets"]["openEO.tif"]["href"]
    site.ask("DELETE", f"/jobs/{job_id}")
    assert error(site.ask("GET", href, user=None)) == (404, "JobNotFound")


def test_results_are_promised_for_ninety_days_and_then_gone(site: Site) -> None:
    job_id = site.finished()
    document = site.ask("GET", f"/jobs/{job_id}/results").json
    assert document is not None
    assert document["unpublished"] == "2026-04-01T12:00:00Z"
    assert site.job(job_id)["unpublished"] == "2026-04-01T12:00:00Z"
    site.clock.forward(days=90)
    assert error(site.ask("GET", f"/jobs/{job_id}/results")) == (410, "ResultsExpired")
    assert site.job(job_id)["status"] == "finished"


def test_results_without_a_date_are_of_the_time_asked_for(site: Site) -> None:
    site.behaviour = save_undated
    document = results(site, site.finished())
    asked = ["2024-06-01T00:00:00Z", "2024-06-11T00:00:00Z"]
    assert document["extent"]["temporal"] == {"interval": [asked]}
    (href,) = [link["href"] for link in document["links"] if link["rel"] == "item"]
    properties = (site.ask("GET", href, user=None).json or {})["properties"]
    assert (properties["start_datetime"], properties["end_datetime"]) == tuple(asked)
    assert properties["datetime"] is None


def test_the_place_of_incomplete_results_is_the_one_asked_for(site: Site) -> None:
    done = threading.Event()
    site.behaviour = until(done)
    job_id = site.create()
    site.ask("POST", f"/jobs/{job_id}/results")
    document = site.ask("GET", f"/jobs/{job_id}/results?partial=true").json or {}
    done.set()
    assert document["extent"]["spatial"] == {"bbox": [BBOX]}


BBOX = [7.0, 51.0, 7.01, 51.01]


def save_undated(task: Task, reporter: Reporter) -> None:
    """A computation that saves a file of data that have no dates any more."""
    write(task, reporter, "openEO.nc", b"0", bbox=BBOX)
