"""Thousands of generated requests to each operation: none crashes, hangs or breaks the contract.

The aggregator runs in front of two simulated backends, in process; a third one cannot be reached.
Each generated request is sent three times: by a user, by a stranger, and to a backend itself.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, given, seed, settings
from schemathesis import GenerationMode

from aggregator.app import create_app
from aggregator.settings import read
from tests.contract.generated import Target, beyond, cases, operations, sent_to
from tests.contract.specification import document
from tests.fakes.transports import WsgiAdapter
from tests.web.backends.site import GRAPH, Site
from tests.web.site import basic

ROOT = "http://federation.test/openeo/1.3"
PRICING = Path(__file__).parents[2] / "config" / "pricing"
OPERATOR = "a-token-of-operations"
PLAIN = 20
"""Requests of each mode to an operation that takes no body."""
WITH_BODY = 15
"""Requests of each mode to one that does: a body takes longer to be made."""
BEYOND = 8
"""Requests of each mode to an operation that is not of the specification."""
MODES = (GenerationMode.POSITIVE, GenerationMode.NEGATIVE)
GRAPHS = [
    GRAPH["process_graph"],
    {"a": {"process_id": "add", "arguments": {"x": 1, "y": 2}, "result": True}},
    {"a": {"process_id": "double", "arguments": {}, "result": True}},
    {"a": {"process_id": "add", "arguments": {"x": {"from_node": "a"}}, "result": True}},
]
ARGUMENTS = [
    "SENTINEL2_L2A",
    "DEM",
    "GTiff",
    {"from_node": "load"},
    {"from_parameter": "x"},
    ["2024-06-01", "2024-06-11"],
    {"west": 7.0, "south": 51.0, "east": 7.01, "north": 51.01},
    {"west": 1e308, "south": -1e308, "east": 5, "north": 51.01, "crs": "EPSG:999999"},
    ["B04"],
    {"process_graph": {"m": {"process_id": "mean", "arguments": {"data": {}}, "result": True}}},
]


class World:
    """The federation and what alice has there."""

    def __init__(self, directory: Path) -> None:
        self.members = {
            name: Site(
                directory / name,
                public_url=f"http://{name}.test",
                service_types=("XYZ",),
                input_formats=("GeoJSON",),
            )
            for name in ("terra", "aurora")
        }
        adapter = WsgiAdapter({f"http://{n}.test": one.app for n, one in self.members.items()})
        backends = {
            name: {"url": f"http://{name}.test/openeo/1.3", "basic_authentication": True}
            for name in ("terra", "aurora", "boreal")
        }
        settings = {
            "backends": backends,
            "public_url": "http://federation.test",
            "data_directory": str(directory / "aggregator"),
            "upstream": {"listing_deadline": 2.0, "first_answer_deadline": 0.0},
            "accounting": {"pricing": str(PRICING)},
            "availability": {"operator_tokens": [hashlib.sha256(OPERATOR.encode()).hexdigest()]},
        }
        self.app = create_app(read(settings), transport=lambda: adapter)
        federation = self.app.extensions["federation"]
        federation.start = lambda: None
        federation.refresh()
        self.client = self.app.test_client()
        token = self.ask("GET", "/credentials/basic", headers=basic("alice", "wonderland"))
        self.user = f"Bearer basic//{token.json['access_token']}"
        self.names = self._filled()

    def ask(self, method: str, path: str, **options: Any) -> Any:
        headers = options.pop("headers", None) or {"Authorization": self.user}
        answer = self.client.open(f"/openeo/1.3{path}", method=method, headers=headers, **options)
        assert answer.status_code < 300, answer.text
        return answer

    def _filled(self) -> dict[str, list[str]]:
        """Something of each kind, named as the federation and as its backend names it."""
        terra = self.members["terra"]
        jobs = [terra.create(), terra.finished()]
        service = {"process": GRAPH, "type": "XYZ", "enabled": True}
        services = [self.ask("POST", "/services", json=service).headers["OpenEO-Identifier"]]
        self.ask("PUT", "/files/terra/fields/a.geojson", data=b"{}")
        self.ask("PUT", "/process_graphs/double", json=GRAPH)
        return {
            "collection_id": ["SENTINEL2_L2A", "DEM"],
            "process_graph_id": ["double"],
            "job_id": [*jobs, *(f"terra-{job}" for job in jobs)],
            "service_id": [*services, *(one.removeprefix("terra-") for one in services)],
            "path": ["terra/fields/a.geojson", "fields/a.geojson", "terra", "nobody/a"],
        }

    def targets(self) -> list[Target]:
        """The federation, twice, and one of its backends."""
        terra = self.members["terra"]
        return [
            Target("alice at the federation", self.app, ROOT, self.user),
            Target("a stranger at the federation", self.app, ROOT),
            Target("alice at a backend", terra.app, terra.profile.api_url, terra.token()),
        ]

    def own_targets(self) -> list[Target]:
        """Who has something to do with what the federation offers beyond the specification."""
        operator = Target("an operator of the federation", self.app, ROOT, f"Bearer {OPERATOR}")
        return [*self.targets()[:2], operator]

    def close(self) -> None:
        for member in self.members.values():
            member.close()


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    document()
    made = World(tmp_path_factory.mktemp("world"))
    yield made
    made.close()


@pytest.fixture(scope="module")
def known(world: World) -> dict[str, Any]:
    processes = ["load_collection", "save_result", "reduce_dimension", "mean", "add", "double"]
    return operations(document(), GRAPHS, processes, ARGUMENTS)


def labels() -> list[Any]:
    try:
        return list(operations(document()))
    except pytest.skip.Exception as reason:
        return [pytest.param("", marks=pytest.mark.skip(reason=str(reason)))]


def most(operation: Any) -> int:
    """How many different requests of each mode are made to an operation at most."""
    return WITH_BODY if operation.body else PLAIN


def promised(operation: Any) -> int:
    """How many different requests are made to an operation at least."""
    varies = operation.path_parameters or operation.query or operation.body
    return len(MODES) * most(operation) if varies else 1


def sent_in_all(
    operation: Any, names: dict[str, list[str]], targets: list[Target], count: int
) -> int:
    """Sends so many requests of both modes to all targets; says how many there really were."""
    sent = 0

    def send(case: Any) -> None:
        nonlocal sent
        sent += 1
        for target in targets:
            sent_to(target, case)

    for mode in MODES[: promised(operation)]:
        run = settings(
            max_examples=count,
            database=None,
            deadline=None,
            phases=[Phase.generate, Phase.shrink],
            suppress_health_check=list(HealthCheck),
        )
        generated: Any = given(cases(operation, mode, names))
        seed(20)(run(generated(send)))()
    return sent


@pytest.mark.timeout(300)
@pytest.mark.parametrize("label", labels())
def test_no_request_crashes_hangs_or_is_answered_against_the_specification(
    world: World, known: dict[str, Any], label: str
) -> None:
    sent = sent_in_all(known[label], world.names, world.targets(), most(known[label]))
    assert sent >= promised(known[label])


def test_these_are_thousands_of_requests_to_the_federation(known: dict[str, Any]) -> None:
    users_and_strangers = 2
    assert len(known) == 39
    assert users_and_strangers * sum(promised(one) for one in known.values()) >= 2000


@pytest.mark.timeout(300)
def test_no_request_crashes_or_hangs_what_the_federation_offers_beyond_the_specification(
    world: World,
) -> None:
    described = beyond(world.ask("GET", "/").json["endpoints"], document())
    own = operations(described)
    assert {
        "GET /federation",
        "POST /federation/estimates",
        "GET /collections/{collection_id}/items",
    } <= set(own)
    for operation in own.values():
        assert sent_in_all(operation, world.names, world.own_targets(), BEYOND) >= 1
