"""A backend that does everything right, in literal documents; and what can be asked of it."""

from __future__ import annotations

import io
from collections.abc import Iterable
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import orjson

ROOT = "/openeo/1.2"
HOST = "http://right.test"
TOKEN = {"Authorization": "Bearer right"}
PREFIXED = {"Authorization": "Bearer basic//right"}
WRONG = {"Authorization": "Bearer wrong"}
CORS = {
    "Access-Control-Allow-Origin": "*",
    "Access-Control-Expose-Headers": "Link, Location, OpenEO-Costs, OpenEO-Identifier",
}
PREFLIGHT = CORS | {
    "Access-Control-Allow-Headers": "Authorization, Content-Type",
    "Access-Control-Allow-Methods": "OPTIONS, GET, POST, PATCH, PUT, DELETE",
    "Content-Type": "application/json",
}
ENDPOINTS = {
    "/collections": ["GET"],
    "/credentials/basic": ["GET"],
    "/credentials/oidc": ["GET"],
    "/jobs": ["GET", "POST"],
    "/jobs/{job_id}": ["GET", "PATCH", "DELETE"],
    "/jobs/{job_id}/results": ["GET", "POST", "DELETE"],
    "/result": ["POST"],
}


def collection(identifier: str, *, experimental: bool) -> dict[str, Any]:
    return {
        "type": "Collection",
        "stac_version": "1.0.0",
        "stac_extensions": ["https://stac-extensions.github.io/datacube/v2.2.0/schema.json"],
        "id": identifier,
        "title": "Sentinel-2 L2A",
        "description": "Surface reflectance: café au lait.",
        "keywords": ["optical"],
        "license": "other",
        "experimental": experimental,
        "deprecated": False,
        "providers": [
            {"name": "ESA", "roles": ["producer"]},
            {"name": "Right", "roles": ["host", "processor"]},
        ],
        "extent": {
            "spatial": {"bbox": [[5, 45, 15, 55]]},
            "temporal": {"interval": [["2015-07-01T00:00:00Z", None]]},
        },
        "links": [{"rel": "license", "href": "https://right.test/license"}],
    }


def in_full(identifier: str, *, experimental: bool) -> dict[str, Any]:
    bands = ["B04", "SCL", "viewZenithMean"]
    return collection(identifier, experimental=experimental) | {
        "cube:dimensions": {
            "x": {"type": "spatial", "axis": "x", "extent": [5, 15]},
            "t": {"type": "temporal", "extent": ["2015-07-01T00:00:00Z", None]},
            "bands": {"type": "bands", "values": bands},
        },
        "summaries": {
            "eo:cloud_cover": {"minimum": 0, "maximum": 100},
            "eo:bands": [{"name": name} for name in bands],
        },
    }


def process(identifier: str, **more: Any) -> dict[str, Any]:
    return {
        "id": identifier,
        "summary": "A summary.",
        "description": "A description.",
        "categories": ["math"],
        "parameters": [{"name": "x", "description": "A number.", "schema": {"type": "number"}}],
        "returns": {"description": "A number.", "schema": {"type": "number"}},
        **more,
    }


def job(identifier: str, status: str) -> dict[str, Any]:
    return {
        "id": identifier,
        "title": "A title",
        "description": "A description.",
        "status": status,
        "progress": 100,
        "created": "2026-01-01T00:00:00Z",
    }


def stored(identifier: str) -> dict[str, Any]:
    graph = {"one": {"process_id": "add", "arguments": {"x": 1, "y": 2}, "result": True}}
    return {"id": identifier, "summary": "A summary.", "process_graph": graph}


def results() -> dict[str, Any]:
    signed = f"{HOST}{ROOT}/results/signed"
    return {
        "type": "Collection",
        "stac_version": "1.0.0",
        "id": "finished",
        "description": "Results.",
        "license": "other",
        "extent": collection("X", experimental=False)["extent"],
        "expires": "2026-01-08T00:00:00Z",
        "assets": {
            "a.tif": {
                "title": "a.tif",
                "href": f"{signed}/files/a.tif",
                "type": "image/tiff; application=geotiff; profile=cloud-optimized",
                "roles": ["data"],
                "proj:epsg": 32632,
                "bands": [{"name": "B04"}],
            }
        },
        "links": [
            {"rel": "self", "href": f"{HOST}{ROOT}/jobs/finished/results"},
            {"rel": "canonical", "href": signed},
        ],
    }


def formats() -> dict[str, Any]:
    def one(kind: str) -> dict[str, Any]:
        return {
            "title": "A title",
            "description": "A description.",
            "gis_data_types": [kind],
            "parameters": {"option": {"description": "An option.", "type": "string"}},
        }

    output = {"GTiff": one("raster"), "JSON": one("table")}
    return {"input": {"GeoJSON": one("vector")}, "output": output}


def error(status: int, code: str) -> tuple[int, Any, dict[str, str]]:
    return status, {"id": "r-1", "code": code, "message": f"This is {code}."}, {}


def capabilities() -> dict[str, Any]:
    return {
        "api_version": "1.2.0",
        "backend_version": "1",
        "stac_version": "1.0.0",
        "type": "Catalog",
        "conformsTo": ["https://api.stacspec.org/v1.0.0/collections"],
        "id": "right",
        "title": "Right",
        "description": "Does everything right.",
        "endpoints": [{"path": path, "methods": methods} for path, methods in ENDPOINTS.items()],
        "billing": {"currency": "credits"},
        "links": [],
    }


IDS = ("SENTINEL2_L2A", "ELEVATION")
PUBLIC: dict[str, Any] = {
    "GET /": capabilities(),
    "GET /conformance": {"conformsTo": ["https://api.stacspec.org/v1.0.0/collections"]},
    "GET /health": {"status": "ok"},
    "GET /file_formats": formats(),
    "GET /credentials/basic": {"access_token": "right"},
    "GET /credentials/oidc": {
        "providers": [{"id": "egi", "issuer": "https://egi.test", "title": "EGI", "scopes": []}]
    },
    "GET /processes": {
        "processes": [process("add"), process("nan", experimental=True)],
        "links": [],
    },
    "GET /collections": {
        "collections": [collection(name, experimental=name == "ELEVATION") for name in IDS],
        "links": [],
    },
    **{f"GET /collections/{i}": in_full(i, experimental=i == "ELEVATION") for i in IDS},
    "GET /collections/SENTINEL2_L2A/queryables": {
        "type": "object",
        "properties": {"eo:cloud_cover": {"type": "number"}},
    },
    "GET /results/signed": results(),
    "GET /results/signed/files/a.tif": (200, b"0123456789", {"Accept-Ranges": "bytes"}),
}
LOGS = [
    {"id": "1", "level": "info", "message": "Begun.", "time": "2026-01-01T00:00:00Z"},
    {"id": "2", "level": "info", "message": "Ended.", "time": "2026-01-01T00:01:00Z"},
]
NEW = {"OpenEO-Identifier": "new", "Location": f"{HOST}{ROOT}/jobs/new"}
PROTECTED: dict[str, Any] = {
    "GET /me": {"user_id": "alice"},
    "GET /process_graphs": {"processes": [stored("mine"), stored("other")], "links": []},
    "GET /process_graphs/mine": stored("mine"),
    "PUT /process_graphs/mine": (200, b"", {}),
    "PUT /process_graphs/new": (200, b"", {}),
    "DELETE /process_graphs/mine": (204, b"", {}),
    "GET /jobs": {"jobs": [job("finished", "finished"), job("failed", "error")], "links": []},
    "POST /jobs": (201, b"", NEW),
    "GET /jobs/finished": job("finished", "finished") | {"process": stored("p")},
    "DELETE /jobs/finished": (204, b"", {}),
    "GET /jobs/finished/logs": {"level": "info", "logs": LOGS, "links": []},
    "POST /jobs/finished/results": (202, b"", {}),
    "POST /jobs/new/results": (202, b"", {}),
    "POST /jobs/poor/results": error(402, "PaymentRequired"),
    "DELETE /jobs/finished/results": (204, b"", {}),
    "GET /jobs/finished/results": results(),
    "GET /jobs/failed/results": (424, {"id": "1", "level": "error", "message": "It failed."}, {}),
    "GET /jobs/running/results": error(400, "JobNotFinished"),
    "POST /result": (200, b"TIFF", {"Content-Type": "image/tiff"}),
}
INVALID: dict[str, Any] = {"process": {"process_graph": {}}}


class Right:
    """The backend; `calls` is what it was asked."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        method, path = environ["REQUEST_METHOD"], environ["PATH_INFO"]
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        query = environ.get("QUERY_STRING", "")
        line = f"{method} {path.removeprefix(ROOT)}{'?' if query else ''}{query}"
        ranged = " Range" if "HTTP_RANGE" in environ else ""
        self.calls.append(f"{line}{ranged} {body.decode()}".strip())
        status, answer, headers = self._found(method, path, environ, body)
        data = answer if isinstance(answer, bytes) else orjson.dumps(answer)
        sent = CORS | {"Content-Length": str(len(data))}
        if not isinstance(answer, bytes):
            sent["Content-Type"] = "application/json"
        start(f"{status} Status", list((sent | headers).items()))
        return [data]

    def _found(  # noqa: PLR0911 - a table of answers
        self, method: str, path: str, environ: WSGIEnvironment, body: bytes
    ) -> Any:
        if method == "OPTIONS":
            return 204, b"", PREFLIGHT
        if path == "/.well-known/openeo":
            version = {"url": f"{HOST}{ROOT}/", "api_version": "1.2.0"}
            return 200, {"versions": [version]}, {}
        if path == "/health":
            return 200, {"status": "ok"}, {}
        key = f"{method} {path.removeprefix(ROOT) or '/'}"
        if key in PUBLIC:
            return _whole(PUBLIC[key])
        authorization = environ.get("HTTP_AUTHORIZATION")
        if authorization is None:
            return error(401, "AuthenticationRequired")
        if not authorization.endswith("right"):
            return error(403, "TokenInvalid")
        if body and orjson.loads(body) == INVALID:
            return error(400, "ProcessGraphMissing")
        if b'"poor"' in body:
            return error(402, "PaymentRequired")
        return _whole(PROTECTED[key]) if key in PROTECTED else error(404, "NotFound")


def _whole(answer: Any) -> Any:
    return answer if isinstance(answer, tuple) else (200, answer, {})


def request(app: WSGIApplication, what: str, headers: Any = None, body: Any = None) -> Any:
    """Status, headers and body of an answer; `what` is method and path."""
    method, _, target = what.partition(" ")
    path, _, query = target.partition("?")
    data = b"" if body is None else orjson.dumps(body)
    environ: WSGIEnvironment = {
        "REQUEST_METHOD": method,
        "PATH_INFO": path[1:] if path.startswith("//") else ROOT + path,
        "QUERY_STRING": query,
        "REMOTE_ADDR": "127.0.0.1",
        "CONTENT_LENGTH": str(len(data)),
        "wsgi.input": io.BytesIO(data),
    }
    for name, value in (headers or {}).items():
        environ[f"HTTP_{name.upper().replace('-', '_')}"] = value
    started: list[Any] = []
    found = app(environ, lambda *args: started.append(args))  # type: ignore[arg-type]
    whole = b"".join(found)
    status, sent = started[-1][:2]
    return int(status.split()[0]), dict(sent), whole
