"""Whatever rule of the contract a member breaks, the others stay whole."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from aggregator.app import create_app
from aggregator.settings import read
from backends.faults.effects import Broken, Effect, Scramble
from backends.faults.reading import Faults
from backends.faults.rules import RULES
from backends.faults.scope import Fault
from backends.profile import CollectionSpec
from tests.fakes.clock import Clock
from tests.fakes.transports import WsgiAdapter
from tests.web.backends.site import GRAPH, Site
from tests.web.site import basic, conforms

VALUES = {
    "oidc.provider-missing": "egi",
    "capabilities.endpoint-unlisted": "/jobs",
    "capabilities.endpoint-not-there": "/udf_runtimes",
    "capabilities.endpoint-broken": "/collections",
    "capabilities.api-version": "0.4.2",
    "capabilities.stac-version": "0.8.0",
    "billing.currency": "EUR",
    "processes.missing": "mean",
    "collections.stac-version": "0.8.0",
    "results.stac-version": "0.8.0",
    "result.collection-unavailable": "ONLY_BAD",
}
NAMES = [f"{name}:{VALUES[name]}" if rule.value else name for name, rule in RULES.items()]
# What a member says wrongly of its own things passes as it says it; it harms nobody else's.
PASSED_ON = {
    "processes.schemas-missing",
    *(f"processes.no-{field}" for field in ("returns", "parameters", "description")),
    *(f"jobs.listed-without-{field}" for field in ("status", "created")),
    "jobs.status-unknown",
    "jobs.progress-above-100",
    "collections.stac-version:0.8.0",
}


class World:
    """Two real backends in process, and the aggregator in front of them."""

    def __init__(self, folder: Path) -> None:
        control = Faults(control=True)
        self.good = Site(folder / "good", public_url="http://good.test", faults=control)
        cover = CollectionSpec("ONLY_BAD", "world", "landcover")
        shared = CollectionSpec("SENTINEL2_L2A", "world", "sentinel2_l2a")
        self.bad = Site(
            folder / "bad",
            public_url="http://bad.test",
            faults=control,
            collections=(shared, cover),
            processes=("add", "load_collection", "save_result", "mean", "ndvi"),
        )
        urls = {name: f"http://{name}.test/openeo/1.3" for name in ("good", "bad")}
        document = {
            "backends": {n: {"url": u, "basic_authentication": True} for n, u in urls.items()},
            "public_url": "http://federation.test",
            "data_directory": str(folder / "aggregator"),
            "upstream": {"first_answer_deadline": 0.0},
        }
        apps = {"http://good.test": self.good.app, "http://bad.test": self.bad.app}
        self.app = create_app(read(document), transport=lambda: WsgiAdapter(apps), clock=Clock())
        self.federation = self.app.extensions["federation"]
        self.federation.start = lambda: None
        self.federation.refresh()
        self.client = self.app.test_client()
        found = self.get("/credentials/basic", headers=basic("alice", "wonderland"))
        self.user = {"Authorization": f"Bearer basic//{found.json['access_token']}"}
        self.good_job, self.bad_job = self.good.finished(), self.bad.finished(title="Bad")

    def get(self, path: str, **options: Any) -> Any:
        return self.client.get(f"/openeo/1.3{path}", **options)

    def switch(self, *effects: Effect) -> None:
        """The bad member goes wrong like this, and the aggregator has looked at it."""
        faults = Faults(tuple(Fault(effect) for effect in effects))
        self.bad.app.wsgi_app.plan_anew(faults)  # type: ignore[attr-defined]
        self.federation.refresh()

    def close(self) -> None:
        self.federation.stop()
        self.good.close()
        self.bad.close()


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = World(tmp_path_factory.mktemp("world"))
    yield made
    made.close()


@pytest.fixture
def broken(world: World, request: pytest.FixtureRequest) -> Iterator[World]:
    """The world with the rule broken that the test is about."""
    world.switch(Broken(request.param))
    yield world
    world.switch()


@pytest.mark.parametrize("broken", NAMES, indirect=True)
def test_a_broken_rule_costs_no_other_member_its_data(broken: World) -> None:
    listed = broken.get("/collections").json
    assert {"SENTINEL2_L2A", "DEM", "COVER"} <= {one["id"] for one in listed["collections"]}
    assert all(one["id"] for one in listed["collections"])
    processes = broken.get("/processes").json["processes"]
    assert {"add", "load_collection", "mean", "save_result"} <= {one["id"] for one in processes}
    assert {"GTiff", "JSON"} <= broken.get("/file_formats").json["output"].keys()
    capabilities = broken.get("/").json
    assert {"good", "bad"} <= capabilities["federation"].keys()
    jobs = broken.get("/jobs", headers=broken.user).json
    assert f"good-{broken.good_job}" in [one["id"] for one in jobs["jobs"]]
    assert broken.get("/collections/SENTINEL2_L2A").status_code == 200
    assert broken.client.get("/health").status_code == 200


@pytest.mark.parametrize("broken", NAMES, indirect=True)
def test_a_broken_rule_makes_no_answer_of_the_federation_a_broken_one(broken: World) -> None:
    job = f"/jobs/bad-{broken.bad_job}"
    below = ("", "/results", "/logs", "/estimate")
    answers = [broken.get(f"{job}{path}", headers=broken.user) for path in below]
    answers += [broken.get(path) for path in ("/collections/ONLY_BAD", "/credentials/oidc")]
    graph = {**GRAPH["process_graph"], "load": {**GRAPH["process_graph"]["load"]}}
    graph["load"]["arguments"] = {"id": "ONLY_BAD", "spatial_extent": None, "temporal_extent": None}
    for path in ("/jobs", "/result"):
        body = {"process": {"process_graph": graph}, "title": "A title"}
        answers.append(broken.client.post(f"/openeo/1.3{path}", json=body, headers=broken.user))
    answers.append(
        broken.client.post(
            "/openeo/1.3/validation", json={"process_graph": graph}, headers=broken.user
        )
    )
    answers.append(broken.client.get("/federation/notes"))
    for answer in answers:
        if answer.status_code >= 400:
            assert answer.json["code"], answer.text
            assert answer.json["message"]
            # An error that the member makes itself passes as its own; we make none.
            is_ours = answer.json["code"] == "Internal" and "bad" not in answer.json["message"]
            assert not is_ours, (answer.request.path, answer.text)


@pytest.mark.parametrize("broken", sorted(set(NAMES) - PASSED_ON), indirect=True)
def test_what_the_federation_says_keeps_to_the_specification(broken: World) -> None:
    for path in ("/", "/file_formats", "/processes", "/collections"):
        conforms(path, broken.get(path))
    conforms("/jobs", broken.get("/jobs", headers=broken.user))
    conforms("/collections/{collection_id}", broken.get("/collections/SENTINEL2_L2A"))


@pytest.fixture
def scrambled(world: World, request: pytest.FixtureRequest) -> Iterator[World]:
    """The world with a member in whose documents a share of the values have wrong types."""
    share, salt = request.param
    world.switch(Scramble(share, salt))
    yield world
    world.switch()


# The last has once led to an invalid link among the capabilities.
SCRAMBLES = [(share, salt) for share in (0.02, 0.1, 0.3) for salt in range(8)] + [(0.3, 518)]


@pytest.mark.parametrize("scrambled", SCRAMBLES, indirect=True)
def test_values_of_wrong_types_cost_no_other_member_its_data(scrambled: World) -> None:
    conforms("/", scrambled.get("/"))
    conforms("/file_formats", scrambled.get("/file_formats"))
    listed = scrambled.get("/collections").json["collections"]
    assert {"SENTINEL2_L2A", "DEM", "COVER"} <= {one["id"] for one in listed}
    processes = scrambled.get("/processes").json["processes"]
    assert {"add", "load_collection", "mean", "save_result"} <= {one["id"] for one in processes}
    assert scrambled.get("/collections/SENTINEL2_L2A").status_code == 200
    jobs = scrambled.get("/jobs", headers=scrambled.user).json["jobs"]
    assert f"good-{scrambled.good_job}" in [one["id"] for one in jobs]
    for path in ("", "/results", "/logs", "/estimate"):
        answer = scrambled.get(f"/jobs/bad-{scrambled.bad_job}{path}", headers=scrambled.user)
        assert answer.status_code == 200 or "'bad'" in answer.json["message"], answer.text
    assert scrambled.client.get("/federation/notes").status_code == 200
