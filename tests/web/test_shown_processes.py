"""Processes of jobs and services, shown in the words in which users sent them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.fakes.backends import Call, FakeBackend, Reply
from tests.web.paying import counting
from tests.web.site import Site, backend, collection, in_full
from tests.web.test_services import OFFERED, WMS

ROOT = "http://federation.test/openeo/1.3"
CREATED = "2026-01-02T03:04:05Z"


class Keeping(FakeBackend):
    """Keeps what it is sent, and tells it as it was sent."""

    def keep(self, kind: str) -> None:
        self.answers[f"POST /{kind}"] = self._kept
        self.answers[f"GET /{kind}"] = lambda _: {kind: [self.answers[f"GET /{kind}/x-1"]]}

    def _kept(self, call: Call) -> Reply:
        kind = call.path.rpartition("/")[2]
        about = {
            "id": "x-1",
            "status": "created",
            "created": CREATED,
            "url": "http://x",
            "type": "",
        }
        self.answers[f"GET /{kind}/x-1"] = about | call.document
        return Reply(201, None, {"OpenEO-Identifier": "x-1"})


@pytest.fixture(params=["free", "paid for"])
def site(tmp_path: Path, request: pytest.FixtureRequest) -> Site:
    """Terra calls S2 otherwise, and has jobs and services."""
    endpoints = [{"path": path, "methods": methods} for path, methods in OFFERED.items()]
    made = backend("terra", ("T_S2",), ("load_result", "load_stac"), endpoints=endpoints)
    terra = Keeping(made.answers, made.root)
    terra.answers |= {
        "GET /collections": {"collections": [collection("T_S2", common_name="S2")], "links": []},
        "GET /collections/T_S2": in_full("T_S2", common_name="S2"),
        "GET /service_types": {"XYZ": WMS},
    }
    for listed in terra.answers["GET /processes"]["processes"]:
        names = {"load_result": "id", "load_stac": "url"}
        if listed["id"] in names:
            listed["parameters"][0]["name"] = names[listed["id"]]
    terra.keep("jobs")
    terra.keep("services")
    members = {"terra": terra, "aurora": backend("aurora")}
    if request.param == "free":
        return Site(members, tmp_path)
    return counting(tmp_path, members=members)


def node(process_id: str, **arguments: Any) -> dict[str, Any]:
    return {"process_id": process_id, "arguments": arguments}


SENT = {
    "process_graph": {
        "load": node("load_collection", id="S2", spatial_extent=None, temporal_extent=None),
        "job": node("load_result", id="terra-j-1"),
        "stac": node("load_stac", url=f"{ROOT}/jobs/terra-j-2/results"),
        "save": node("save_result", data={"from_node": "load"}, format="GTiff")
        | {"namespace": "terra", "result": True},
    }
}


@pytest.mark.parametrize("kind", ["jobs", "services"])
def test_a_process_is_shown_as_it_was_sent_and_can_be_sent_again(site: Site, kind: str) -> None:
    user = site.login()
    body = {"process": SENT, "type": "XYZ"}
    assert site.post(f"/{kind}", body, headers=user).status_code == 201
    there = site.backends["terra"].asked("POST", f"/{kind}")[0].document["process"]["process_graph"]
    assert there["load"]["arguments"]["id"] == "T_S2"
    assert there["job"]["arguments"] == {"id": "j-1"}
    assert there["stac"]["arguments"] == {"url": "http://terra.test/openeo/jobs/j-2/results"}
    shown = site.get(f"/{kind}/terra-x-1", headers=user).json
    assert shown["process"] == SENT
    (listed,) = site.get(f"/{kind}", headers=user).json[kind]
    assert listed["process"] == SENT
    again = site.post(f"/{kind}", {**body, "process": shown["process"]}, headers=user)
    assert again.status_code == 201
    sent_again = site.backends["terra"].asked("POST", f"/{kind}")[1].document
    assert sent_again["process"]["process_graph"] == there
