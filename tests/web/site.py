"""The whole aggregator in process, in front of scripted backends; no sockets, no threads."""

from __future__ import annotations

import base64
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import orjson
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from aggregator.app import create_app
from aggregator.settings import read
from aggregator.usecases.federation import Federation
from tests.contract.specification import assert_conforms
from tests.fakes.backends import Call, FakeBackend, Reply
from tests.fakes.clock import Clock
from tests.fakes.issuers import Issuer
from tests.fakes.transports import WsgiAdapter

ENDPOINTS = {
    "/collections": ["GET"],
    "/collections/{collection_id}": ["GET"],
    "/processes": ["GET"],
    "/file_formats": ["GET"],
    "/credentials/basic": ["GET"],
    "/me": ["GET"],
    "/result": ["POST"],
    "/jobs": ["GET", "POST"],
    "/jobs/{job_id}": ["GET", "PATCH", "DELETE"],
    "/jobs/{job_id}/results": ["GET", "POST", "DELETE"],
    "/jobs/{job_id}/logs": ["GET"],
    "/jobs/{job_id}/estimate": ["GET"],
}
JWT = "https://api.openeo.org/1.3.0/authentication/jwt"


CREATED = "2026-01-02T03:04:05Z"


def capabilities(name: str, version: str = "1.2.0", **more: Any) -> dict[str, Any]:
    """What a backend says of itself."""
    endpoints = [{"path": path, "methods": methods} for path, methods in ENDPOINTS.items()]
    return {
        "api_version": version,
        "backend_version": "1",
        "stac_version": "1.0.0",
        "type": "Catalog",
        "id": name,
        "title": name.title(),
        "description": f"The backend {name}.",
        "conformsTo": [],
        "endpoints": endpoints,
        "links": [{"rel": "self", "href": f"http://{name}.test/openeo"}],
        **more,
    }


def collection(identifier: str, **more: Any) -> dict[str, Any]:
    """A small STAC collection."""
    return {
        "type": "Collection",
        "stac_version": "1.0.0",
        "id": identifier,
        "description": f"All of {identifier}.",
        "license": "CC-BY-4.0",
        "extent": {
            "spatial": {"bbox": [[-180, -90, 180, 90]]},
            "temporal": {"interval": [["2015-01-01T00:00:00Z", None]]},
        },
        "links": [],
        **more,
    }


def in_full(identifier: str, **more: Any) -> dict[str, Any]:
    """The full metadata of a collection."""
    dimensions = {
        "x": {"type": "spatial", "axis": "x", "extent": [-180, 180]},
        "y": {"type": "spatial", "axis": "y", "extent": [-90, 90]},
        "t": {"type": "temporal", "extent": ["2015-01-01T00:00:00Z", None]},
        "bands": {"type": "bands", "values": ["B02", "SCL"]},
    }
    return collection(identifier, **{"cube:dimensions": dimensions, "summaries": {}, **more})


def process(identifier: str, *parameters: str) -> dict[str, Any]:
    """A small process definition."""
    return {
        "id": identifier,
        "description": f"Does {identifier}.",
        "parameters": [
            {"name": name, "description": name, "schema": {"type": "number"}, "optional": True}
            for name in parameters
        ],
        "returns": {"description": "The result.", "schema": {"type": "number"}},
    }


def login(call: Call) -> Any:
    """Anybody whose password is their name gets the token `NAME@HOST`."""
    assert call.authorization is not None
    name, _, password = base64.b64decode(call.authorization.split()[1]).decode().partition(":")
    if name != password:
        return Reply(403, {"id": "x", "code": "CredentialsInvalid", "message": "Wrong."})
    return {"access_token": f"{name}-at-{call.headers['HOST'].partition('.')[0]}"}


def backend(
    name: str,
    collections: tuple[str, ...] = ("S2",),
    processes: tuple[str, ...] = (),
    answers: Mapping[str, Any] | None = None,
    **said: Any,
) -> FakeBackend:
    """A scripted backend that offers these collections and, beside the usual ones, processes."""
    offered = {
        "load_collection": ("id", "spatial_extent", "temporal_extent", "bands", "properties"),
        "save_result": ("data", "format", "options"),
    }
    documents: dict[str, Any] = {
        "GET /": capabilities(name, **said),
        "GET /collections": {"collections": [collection(c) for c in collections], "links": []},
        "GET /processes": {
            "processes": [
                *(process(p, *parameters) for p, parameters in offered.items()),
                *(process(p, "data", "x", "y") for p in processes),
            ],
            "links": [],
        },
        "GET /file_formats": {
            "input": {},
            "output": {"GTiff": {"gis_data_types": ["raster"], "parameters": {}}},
        },
        "GET /credentials/basic": login,
        **{f"GET /collections/{c}": in_full(c) for c in collections},
        **(answers or {}),
    }
    return FakeBackend(documents, root="/openeo")


class Site:
    """The aggregator in front of these backends, and a client of it."""

    def __init__(
        self,
        backends: Mapping[str, FakeBackend],
        directory: Path,
        *,
        down: tuple[str, ...] = (),
        clock: Clock | None = None,
        without_passwords: tuple[str, ...] = (),
        urls: Mapping[str, str] | None = None,
        weights: Mapping[str, float] | None = None,
        issuer: Issuer | None = None,
        **settings: Any,
    ) -> None:
        self.backends = dict(backends)
        self.clock = clock or Clock()
        addresses = {name: f"http://{name}.test/openeo" for name in backends} | dict(urls or {})
        self.adapter = WsgiAdapter(
            {addresses[name].removesuffix("/openeo"): app for name, app in backends.items()}
            | ({issuer.host: issuer.app} if issuer else {})
        )
        self.go_down(*down)
        members = {
            name: {
                "url": addresses[name],
                "basic_authentication": name not in without_passwords,
                "weight": (weights or {}).get(name, 1.0),
            }
            for name in backends
        }
        document = {
            "backends": members,
            "public_url": "http://federation.test",
            "data_directory": str(directory),
            "upstream": {"listing_deadline": 2.0, "first_answer_deadline": 0.0},
            **settings,
        }
        self.app: Flask = create_app(
            read(document), transport=lambda: self.adapter, clock=self.clock
        )
        self.federation: Federation = self.app.extensions["federation"]
        # Without threads every request sees what was known when it was made.
        self.federation.start = lambda: None
        self.federation.refresh()
        self.client: FlaskClient = self.app.test_client()

    def go_down(self, *names: str) -> None:
        """These backends refuse connections from now on."""
        self.adapter.down |= {f"http://{name}.test" for name in names}

    def come_back(self, *names: str) -> None:
        """These backends answer again."""
        self.adapter.down -= {f"http://{name}.test" for name in names}

    def login(self, user: str = "alice") -> dict[str, str]:
        """The header of a user who has logged in with a password."""
        answer = self.get("/credentials/basic", headers=basic(user, user))
        assert answer.status_code == 200, answer.text
        return {"Authorization": f"Bearer basic//{answer.json['access_token']}"}

    def get(self, path: str, **options: Any) -> Any:
        """GET below the API's root."""
        return self.request("GET", path, **options)

    def post(self, path: str, json: Any, **options: Any) -> Any:
        """POST a JSON document below the API's root."""
        return self.request("POST", path, json=json, **options)

    def request(self, method: str, path: str, root: str = "/openeo/1.3", **options: Any) -> Any:
        """A request below the API's root."""
        return self.client.open(f"{root}{path}", method=method, **options)


def job(identifier: str, **more: Any) -> dict[str, Any]:
    """A job as a backend lists it."""
    return {"id": identifier, "status": "created", "created": CREATED, **more}


def basic(user: str, password: str) -> dict[str, str]:
    """A header of HTTP Basic authentication."""
    encoded = base64.b64encode(f"{user}:{password}".encode()).decode()
    return {"Authorization": f"Basic {encoded}"}


def conforms(template: str, answer: TestResponse, method: str = "GET") -> Any:
    """The JSON body, found to be one that the specification allows."""
    body = orjson.loads(answer.data) if answer.data else None
    assert_conforms(method, template, answer.status_code, body, dict(answer.headers))
    return body


def assert_error(answer: TestResponse, status: int, code: str) -> dict[str, Any]:
    """The body of an openEO error."""
    body: dict[str, Any] = orjson.loads(answer.data)
    assert (answer.status_code, body.get("code")) == (status, code), body
    assert body["message"] and body["id"]
    return body


def graph(*, collection_id: str = "S2", process_id: str | None = None, **load: Any) -> Any:
    """A process that loads a collection, perhaps runs a process on it, and saves a GeoTIFF."""
    arguments = {"id": collection_id, "spatial_extent": None, "temporal_extent": None, **load}
    nodes: dict[str, Any] = {"load": {"process_id": "load_collection", "arguments": arguments}}
    last = "load"
    if process_id is not None:
        nodes["run"] = {"process_id": process_id, "arguments": {"data": {"from_node": "load"}}}
        last = "run"
    save = {"data": {"from_node": last}, "format": "GTiff"}
    nodes["save"] = {"process_id": "save_result", "arguments": save, "result": True}
    return {"process_graph": nodes}
