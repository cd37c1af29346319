"""What each simulated backend does by itself, as programs that really compute."""

from __future__ import annotations

import base64
import io
from typing import Any

import numpy as np
import pytest
import requests
from PIL import Image

from scripts.federation.children import wait_until
from tests.scenarios.conftest import Federation

BACKENDS = ("terra", "aurora", "boreal")
MAPS = ("terra", "boreal")
PLUS = {
    "parameters": [
        {"name": "x", "description": "A number.", "schema": {"type": "number"}},
        {
            "name": "more",
            "description": "Another.",
            "schema": {"type": "number"},
            "optional": True,
            "default": 1,
        },
    ],
    "process_graph": {
        "add": {
            "process_id": "add",
            "arguments": {"x": {"from_parameter": "x"}, "y": {"from_parameter": "more"}},
            "result": True,
        }
    },
}


class Member:
    """One backend, spoken to with plain requests as one of its users."""

    def __init__(self, url: str, user: str) -> None:
        self.url = url.rstrip("/")
        login = base64.b64encode(f"{user}:{user}".encode()).decode()
        given = self.ask("GET", "/credentials/basic", headers={"Authorization": f"Basic {login}"})
        self.user = {"Authorization": f"Bearer basic//{given.json()['access_token']}"}

    def ask(self, method: str, path: str, **options: Any) -> requests.Response:
        address = path if "://" in path else f"{self.url}{path}"
        options.setdefault("headers", getattr(self, "user", {}))
        return requests.request(method, address, timeout=60, **options)


def calling(process_id: str, **arguments: Any) -> dict[str, Any]:
    node = {"process_id": process_id, "arguments": arguments, "result": True}
    return {"process": {"process_graph": {"node": node}}}


@pytest.mark.parametrize("name", BACKENDS)
def test_a_stored_process_is_computed(federation: Federation, name: str) -> None:
    alice = Member(federation.backend_url(name), "alice")
    assert alice.ask("PUT", "/process_graphs/plus", json=PLUS).status_code == 200
    one = alice.ask("POST", "/result", json=calling("plus", x=4))
    assert (one.status_code, one.json()) == (200, 5)
    two = alice.ask("POST", "/result", json=calling("plus", x=4, more=2))
    assert (two.status_code, two.json()) == (200, 6)
    assert alice.ask("DELETE", "/process_graphs/plus").status_code == 204
    assert alice.ask("POST", "/result", json=calling("plus", x=4)).status_code == 400


@pytest.mark.parametrize("name", BACKENDS)
def test_who_has_no_credits_computes_nothing(federation: Federation, name: str) -> None:
    dave = Member(federation.backend_url(name), "dave")
    job = calling("add", x=1, y=2)
    for path in (
        "/result",
        f"/jobs/{dave.ask('POST', '/jobs', json=job).headers['OpenEO-Identifier']}/results",
    ):
        refused = dave.ask("POST", path, json=job)
        assert (refused.status_code, refused.json()["code"]) == (402, "PaymentRequired")


@pytest.mark.parametrize("name", MAPS)
def test_a_map_shows_tiles(federation: Federation, name: str) -> None:
    alice = Member(federation.backend_url(name), "alice")
    load = calling(
        "load_collection",
        id="TERRA_LANDCOVER_MAP",
        spatial_extent={"west": 10.9, "south": 45.9, "east": 11.2, "north": 46.2},
        temporal_extent=["2021-01-01", "2022-01-01"],
    )
    service = {"type": "XYZ", **load, "configuration": {"maximum": 100}}
    created = alice.ask("POST", "/services", json=service)
    assert created.status_code == 201, created.text
    url = alice.ask("GET", created.headers["Location"]).json()["url"]
    tile = requests.get(url.replace("{z}/{x}/{y}", "11/1086/728"), timeout=60)
    assert tile.status_code == 200, tile.text
    with Image.open(io.BytesIO(tile.content)) as picture:
        pixels = np.asarray(picture.convert("RGBA"))
    assert pixels.shape == (256, 256, 4)
    assert 0.95 < (pixels[..., 3] == 255).mean() < 1
    assert len(np.unique(pixels[..., 0])) > 1
    assert alice.ask("DELETE", created.headers["Location"]).status_code == 204
    assert requests.get(url.replace("{z}/{x}/{y}", "0/0/0"), timeout=60).status_code == 404


@pytest.mark.parametrize("name", BACKENDS)
def test_large_files_come_back_as_they_went(federation: Federation, name: str) -> None:
    alice = Member(federation.backend_url(name), "alice")
    content = np.random.default_rng(1).bytes(20_000_000)
    parts = (content[start : start + 100_000] for start in range(0, len(content), 100_000))
    stored = alice.ask("PUT", "/files/large/file.bin", data=parts)
    assert (stored.status_code, stored.json()["size"]) == (200, len(content))
    assert alice.ask("GET", "/files/large/file.bin").content == content
    assert alice.ask("DELETE", "/files/large/file.bin").status_code == 204
    assert alice.ask("GET", "/files").json()["files"] == []


def test_one_member_reads_the_signed_results_of_another(federation: Federation) -> None:
    area = {"west": 7.0, "south": 51.0, "east": 7.002, "north": 51.001}
    terra, aurora = (Member(federation.backend_url(name), "alice") for name in ("terra", "aurora"))
    radar = run(
        aurora,
        load=loading("SENTINEL1_GRD", area, "VV"),
        mean={
            "process_id": "reduce_dimension",
            "arguments": {
                "data": {"from_node": "load"},
                "dimension": "t",
                "reducer": {
                    "process_graph": {
                        "mean": {
                            "process_id": "mean",
                            "arguments": {"data": {"from_parameter": "data"}},
                            "result": True,
                        }
                    }
                },
            },
        },
        save=saving("mean"),
    )
    link = next(link["href"] for link in radar["links"] if link["rel"] == "canonical")
    both = run(
        terra,
        radar={"process_id": "load_stac", "arguments": {"url": link}},
        optical=loading("SENTINEL2_L1C", area, "B05"),
        merged={
            "process_id": "merge_cubes",
            "arguments": {"cube1": {"from_node": "optical"}, "cube2": {"from_node": "radar"}},
        },
        save=saving("merged"),
    )
    (asset,) = both["assets"].values()
    assert asset["cube:dimensions"]["bands"]["values"] == ["B05", "VV"]


def loading(collection: str, area: dict[str, float], *bands: str) -> dict[str, Any]:
    arguments = {
        "id": collection,
        "spatial_extent": area,
        "temporal_extent": ["2024-06-01", "2024-06-19"],
        "bands": list(bands),
    }
    return {"process_id": "load_collection", "arguments": arguments}


def saving(node: str) -> dict[str, Any]:
    arguments = {"data": {"from_node": node}, "format": "netCDF"}
    return {"process_id": "save_result", "arguments": arguments, "result": True}


def run(member: Member, **graph: Any) -> Any:
    """The results of a batch job of that graph."""
    made = member.ask("POST", "/jobs", json={"process": {"process_graph": graph}})
    assert made.status_code == 201, made.text
    path = f"/jobs/{made.headers['OpenEO-Identifier']}"
    assert member.ask("POST", f"{path}/results").status_code == 202
    assert wait_until(
        lambda: member.ask("GET", path).json()["status"] not in ("queued", "running"), seconds=60
    )
    found = member.ask("GET", f"{path}/results")
    assert found.status_code == 200, found.text
    return found.json()
