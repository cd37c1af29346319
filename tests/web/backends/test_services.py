"""Secondary web services over HTTP, and the tiles that they show."""

from __future__ import annotations

import copy
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from backends.billing import Billing
from backends.errors import OpenEOError
from backends.jobs.engine import Task
from backends.jobs.reporting import Reporter
from backends.limits import Limits
from tests.web.backends.site import GRAPH, Site, error

SERVICE: dict[str, Any] = {"type": "xyz", "process": GRAPH}
PICTURE = b"\x89PNG picture"


def draw(task: Task, reporter: Reporter) -> None:
    """A computation that draws a tile."""
    reporter.log("info", f"Drawing {task.tile}.")
    (task.results / "tile.png").write_bytes(PICTURE)


@pytest.fixture
def maps(tmp_path: Path) -> Iterator[Site]:
    """A backend with web services."""
    site = Site(tmp_path / "maps", service_types=("XYZ",))
    site.behaviour = draw
    yield site
    site.close()


def create(site: Site, user: str = "alice", **more: Any) -> str:
    body = {**SERVICE, **more}
    response = site.ask("POST", "/services", json=body, user=user, template="/services")
    assert response.status_code == 201, response.text
    service_id = response.headers["OpenEO-Identifier"]
    assert response.headers["Location"].endswith(f"/services/{service_id}")
    return service_id


def service(site: Site, service_id: str) -> Any:
    path = f"/services/{service_id}"
    return site.ask("GET", path, template="/services/{service_id}").json


def tile(site: Site, service_id: str, place: str = "3/4/2") -> Any:
    address = service(site, service_id)["url"].replace("{z}/{x}/{y}", place)
    return site.ask("GET", address, user=None)


def logs(site: Site, service_id: str, query: str = "") -> Any:
    path = f"/services/{service_id}/logs"
    return site.ask("GET", path + query, template="/services/{service_id}/logs").json


def test_the_types_are_described(maps: Site) -> None:
    document = maps.ask("GET", "/service_types", user=None, template="/service_types").json
    assert document is not None
    assert document["XYZ"]["configuration"]["tile_size"]["default"] == 256


def test_without_types_there_are_no_services(site: Site) -> None:
    assert site.ask("GET", "/service_types").json == {}
    assert error(site.ask("GET", "/services")) == (501, "FeatureUnsupported")


def test_what_was_published_is_described(maps: Site) -> None:
    more: dict[str, Any] = {
        "title": "Red",
        "description": "Red.",
        "budget": 5,
        "log_level": "debug",
        "x-a": 1,
    }
    found = service(maps, create(maps, **more, configuration={"maximum": 4000}))
    assert found["type"] == "XYZ"
    assert found["enabled"] is True
    assert found["process"] == GRAPH
    assert found["configuration"] == {"tile_size": 256, "minimum": 0, "maximum": 4000}
    assert found["plan"] == "standard"
    assert found["costs"] == 0
    assert {key: found[key] for key in more} == more


def test_a_listing_has_pages(maps: Site) -> None:
    made = [create(maps, title=f"{number}") for number in range(3)]
    page = maps.ask("GET", "/services?limit=2", template="/services").json
    assert page is not None
    assert [one["id"] for one in page["services"]] == [made[2], made[1]]
    assert "process" not in page["services"][0]
    (following,) = [one["href"] for one in page["links"] if one["rel"] == "next"]
    rest = maps.ask("GET", following).json
    assert rest is not None
    assert [one["id"] for one in rest["services"]] == [made[0]]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"type": "WMS"}, "ServiceUnsupported"),
        ({"type": None}, "ServiceUnsupported"),
        ({"process": None}, "ProcessGraphMissing"),
        ({"process": {"process_graph": {}}}, "ProcessGraphInvalid"),
        ({"configuration": []}, "ServiceConfigInvalid"),
        ({"configuration": {"version": 1}}, "ServiceConfigUnsupported"),
        ({"configuration": {"tile_size": 300}}, "ServiceConfigInvalid"),
        ({"configuration": {"minimum": "0"}}, "ServiceConfigInvalid"),
        ({"configuration": {"minimum": 1, "maximum": 1}}, "ServiceConfigInvalid"),
        ({"enabled": 1}, "RequestInvalid"),
        ({"plan": "gold"}, "BillingPlanInvalid"),
        ({"budget": -1}, "BudgetInvalid"),
    ],
)
def test_wrong_services_are_refused(maps: Site, changes: dict[str, Any], code: str) -> None:
    assert error(maps.ask("POST", "/services", json={**SERVICE, **changes})) == (400, code)


def test_services_belong_to_their_user(maps: Site) -> None:
    service_id = create(maps)
    for method in ("GET", "PATCH", "DELETE"):
        response = maps.ask(method, f"/services/{service_id}", user="bob", json={})
        assert error(response) == (404, "ServiceNotFound")
    assert maps.ask("GET", "/services", user="bob").json["services"] == []  # type: ignore[index]


def test_a_tile_is_drawn_for_everybody_and_kept(maps: Site) -> None:
    drawn: list[Any] = []

    def note(task: Task, reporter: Reporter) -> None:
        drawn.append(task.tile)
        draw(task, reporter)

    maps.behaviour = note
    service_id = create(maps, configuration={"maximum": 10})
    for _ in range(2):
        response = tile(maps, service_id)
        assert (response.status_code, response.data) == (200, PICTURE)
        assert response.content_type == "image/png"
    assert drawn == [{"z": 3, "x": 4, "y": 2, "size": 256, "minimum": 0, "maximum": 10}]


def test_a_changed_service_is_drawn_anew(maps: Site) -> None:
    service_id = create(maps)
    tile(maps, service_id)

    def other(task: Task, _reporter: Reporter) -> None:
        (task.results / "tile.png").write_bytes(b"other")

    maps.behaviour = other
    assert tile(maps, service_id).data == PICTURE
    changes = {"title": "New", "configuration": {"maximum": 9}}
    response = maps.ask(
        "PATCH", f"/services/{service_id}", json=changes, template="/services/{service_id}"
    )
    assert (response.status_code, response.data) == (204, b"")
    assert tile(maps, service_id).data == b"other"
    assert service(maps, service_id)["title"] == "New"


@pytest.mark.parametrize("place", ["3/8/0", "3/0/8", "23/0/0", "0/1/0"])
def test_there_are_no_other_tiles(maps: Site, place: str) -> None:
    assert error(tile(maps, create(maps), place)) == (404, "NotFound")


def test_a_disabled_service_shows_nothing(maps: Site) -> None:
    service_id = create(maps, enabled=False)
    assert error(tile(maps, service_id)) == (404, "ServiceNotFound")
    maps.ask("PATCH", f"/services/{service_id}", json={"enabled": True})
    assert tile(maps, service_id).status_code == 200


def test_a_deleted_service_is_gone(maps: Site) -> None:
    service_id = create(maps)
    address = service(maps, service_id)["url"].replace("{z}/{x}/{y}", "0/0/0")
    assert maps.ask("GET", address, user=None).status_code == 200
    response = maps.ask("DELETE", f"/services/{service_id}", template="/services/{service_id}")
    assert (response.status_code, response.data) == (204, b"")
    assert error(maps.ask("GET", address, user=None)) == (404, "ServiceNotFound")
    assert error(maps.ask("GET", f"/services/{service_id}")) == (404, "ServiceNotFound")
    assert not list((maps.folder / "tiles" / "cache").glob("*/*"))


@pytest.mark.parametrize("name", ["id", "type", "url", "costs"])
def test_what_is_fixed_cannot_be_changed(maps: Site, name: str) -> None:
    response = maps.ask("PATCH", f"/services/{create(maps)}", json={name: "x"})
    assert error(response) == (400, "PropertyNotEditable")


def test_wrong_changes_are_refused(maps: Site) -> None:
    path = f"/services/{create(maps)}"
    assert error(maps.ask("PATCH", path, json={})) == (400, "NoDataForUpdate")
    assert error(maps.ask("PATCH", path, json={"process": None})) == (400, "ProcessGraphMissing")
    wrong = copy.deepcopy(GRAPH)
    wrong["process_graph"]["load"]["arguments"]["id"] = "NOTHING"
    assert error(maps.ask("PATCH", path, json={"process": wrong})) == (404, "CollectionNotFound")


def test_a_process_may_refer_to_the_extent_of_the_tile(maps: Site) -> None:
    process = copy.deepcopy(GRAPH)
    process["process_graph"]["load"]["arguments"]["spatial_extent"] = {
        "from_parameter": "spatial_extent"
    }
    seen: list[Any] = []

    def note(task: Task, reporter: Reporter) -> None:
        seen.append(task.process)
        draw(task, reporter)

    maps.behaviour = note
    tile(maps, create(maps, process=process), "0/0/0")
    (parameter,) = seen[0]["parameters"]
    assert parameter["name"] == "spatial_extent"
    assert parameter["default"]["crs"] == 3857
    assert parameter["default"]["west"] == pytest.approx(-20037508.34, abs=0.01)


def test_what_happens_is_in_the_log(maps: Site) -> None:
    service_id = create(maps)
    tile(maps, service_id)

    def fail(_task: Task, _reporter: Reporter) -> None:
        raise OpenEOError("ProcessGraphComplexity", "Too much.")

    maps.behaviour = fail
    assert error(tile(maps, service_id, "0/0/0")) == (400, "ProcessGraphComplexity")
    document = logs(maps, service_id)
    assert [entry["level"] for entry in document["logs"]] == ["info", "error", "error"]
    assert document["logs"][-1]["code"] == "ProcessGraphComplexity"
    assert "0/0/0" in document["logs"][-1]["message"]
    first = document["logs"][0]["id"]
    assert len(logs(maps, service_id, f"?offset={first}")["logs"]) == 2
    assert len(logs(maps, service_id, "?level=error&limit=1")["logs"]) == 1
    assert document["level"] == "info"


def test_a_service_without_budget_shows_nothing(tmp_path: Path) -> None:
    billing = Billing(per_cpu_hour=0, budget=0)
    site = Site(tmp_path / "data", service_types=("XYZ",), billing=billing)
    assert error(site.ask("POST", "/services", json=SERVICE)) == (402, "PaymentRequired")
    site.close()


def test_no_more_services_than_allowed(tmp_path: Path) -> None:
    site = Site(tmp_path / "data", service_types=("XYZ",), limits=Limits(services=1))
    create(site)
    assert error(site.ask("POST", "/services", json=SERVICE)) == (400, "StorageQuotaExceeded")
    site.close()


def test_old_pictures_go_where_there_are_too_many(tmp_path: Path) -> None:
    limits = Limits(tile_cache_bytes=len(PICTURE))
    site = Site(tmp_path / "data", service_types=("XYZ",), limits=limits)
    site.behaviour = draw
    service_id = create(site)
    for x in range(4):
        assert tile(site, service_id, f"3/{x}/0").status_code == 200
    assert len(list((site.folder / "tiles" / "cache").glob("*/*"))) == 2
    site.close()
