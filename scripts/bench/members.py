"""Generated openEO backends for benchmarks: instant answers from memory.

``python -m scripts.bench.members --name m0 --port 9100 --collections 168`` serves
one. Documents are complete (STAC with a data cube, processes with parameters) and
deterministic, so that two runs compare. ``POST /result`` sends as many bytes as the
constant in the graph says; ``--delay`` seconds are slept before each user request.
"""

from __future__ import annotations

import hashlib
import itertools
import json
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from gunicorn.app.base import BaseApplication

from scripts.bench import asking

StartResponse = Callable[..., Any]
BLOCK = b"\x55" * 65536
TOKEN = "bench"  # noqa: S105 - the generated backends guard nothing
PROSE = (
    "surface reflectance radar orbit acquisition cloud mask temporal monthly mosaic band tile "
    "angle sensor level product corrected atmosphere vegetation water index annual coverage "
    "global regional archive calibration backscatter polarisation swath resolution metres"
)
WORDS = PROSE.split()
ENDPOINTS = {
    "/collections": ["GET"],
    "/collections/{collection_id}": ["GET"],
    "/processes": ["GET"],
    "/file_formats": ["GET"],
    "/service_types": ["GET"],
    "/credentials/basic": ["GET"],
    "/validation": ["POST"],
    "/result": ["POST"],
    "/jobs": ["GET", "POST"],
    "/jobs/{job_id}": ["GET", "PATCH", "DELETE"],
    "/jobs/{job_id}/results": ["GET", "POST", "DELETE"],
    "/jobs/{job_id}/logs": ["GET"],
    "/me": ["GET"],
}


def words(seed: str, count: int = 40) -> str:
    """Text that compresses about as well as prose does: words picked by a hash."""
    digest = hashlib.shake_128(seed.encode()).digest(count)
    return " ".join(WORDS[byte % len(WORDS)] for byte in digest)


def collection(name: str, number: int) -> dict[str, Any]:
    """A collection document of about 3 kB; every fifth is shared by all members."""
    shared = number % 5 == 0
    identifier = f"SHARED_{number:05d}" if shared else f"{name.upper()}_{number:05d}"
    bands = [f"B{band:02d}" for band in range(1, 13)]
    return {
        "stac_version": "1.0.0",
        "stac_extensions": ["https://stac-extensions.github.io/datacube/v2.2.0/schema.json"],
        "type": "Collection",
        "id": identifier,
        "title": f"Benchmark collection {number}",
        "description": f"Surface reflectance, generated for benchmarks. {words(identifier)}",
        "license": "proprietary",
        "keywords": ["benchmark", "optical", f"group-{number % 7}"],
        "providers": [{"name": name, "roles": ["host", "producer"]}],
        "extent": {
            "spatial": {"bbox": [[-180, -56, 180, 83]]},
            "temporal": {"interval": [["2015-06-23T00:00:00Z", None]]},
        },
        "links": [{"rel": "license", "href": "https://example.org/license"}],
        "cube:dimensions": {
            "x": {"type": "spatial", "axis": "x", "extent": [-180, 180], "step": 10},
            "y": {"type": "spatial", "axis": "y", "extent": [-56, 83], "step": 10},
            "t": {"type": "temporal", "extent": ["2015-06-23T00:00:00Z", None]},
            "bands": {"type": "bands", "values": bands},
        },
        "summaries": {
            "constellation": ["sentinel-2"],
            "gsd": [10, 20, 60],
            "eo:cloud_cover": {"minimum": 0, "maximum": 100},
            "eo:bands": [
                {
                    "name": band,
                    "common_name": f"common{index}",
                    "center_wavelength": 0.4 + index / 10,
                }
                for index, band in enumerate(bands)
            ],
        },
    }


def process(name: str) -> dict[str, Any]:
    """A process definition of about 1.5 kB."""
    return {
        "id": name,
        "summary": f"Process {name}",
        "description": f"Computes something over all values of the cube. {words(name, 80)}",
        "categories": ["cubes", "math"],
        "parameters": [
            {
                "name": "data",
                "optional": True,
                "description": "A data cube." * 8,
                "schema": {"type": "object", "subtype": "datacube"},
            },
            {
                "name": "x",
                "description": "A number." * 8,
                "optional": True,
                "default": 1,
                "schema": {"type": ["number", "null"]},
            },
        ],
        "returns": {"description": "A cube.", "schema": {"type": "object", "subtype": "datacube"}},
    }


def capabilities(name: str, url: str) -> dict[str, Any]:
    """The document of ``GET /``."""
    return {
        "api_version": "1.2.0",
        "backend_version": "1.0.0",
        "stac_version": "1.0.0",
        "type": "Catalog",
        "id": name,
        "title": f"Member {name}",
        "description": "A generated backend.",
        "production": False,
        "conformsTo": ["https://api.openeo.org/1.2.0"],
        "endpoints": [{"path": path, "methods": verbs} for path, verbs in ENDPOINTS.items()],
        "links": [{"rel": "self", "href": url}],
    }


class Member:
    """One generated backend as a WSGI application."""

    def __init__(self, name: str, port: int, collections: int, delay: float) -> None:
        self.delay = delay
        url = f"http://127.0.0.1:{port}"
        documents = [collection(name, number) for number in range(collections)]
        names = ["load_collection", "save_result", "reduce_dimension", "mean", "constant"]
        names += [f"process_{number:03d}" for number in range(120)]
        jobs = [
            {
                "id": f"job-{n:03d}",
                "status": "finished",
                "created": f"2026-01-{1 + n % 28:02d}T00:00:00Z",
            }
            for n in range(20)
        ]
        self.numbers = itertools.count()
        formats = {
            "input": {},
            "output": {"GTiff": {"gis_data_types": ["raster"], "parameters": {}}},
        }
        self.pages: dict[str, Any] = {
            "/": capabilities(name, url),
            "/.well-known/openeo": {"versions": [{"url": url, "api_version": "1.2.0"}]},
            "/conformance": {"conformsTo": ["https://api.openeo.org/1.2.0"]},
            "/collections": {"collections": documents, "links": []},
            "/processes": {"processes": [process(n) for n in names], "links": []},
            "/file_formats": formats,
            "/service_types": {},
            "/udf_runtimes": {},
            "/credentials/basic": {"access_token": TOKEN},
            "/me": {"user_id": "bench"},
            "/jobs": {"jobs": jobs, "links": []},
        }
        self.pages |= {f"/collections/{document['id']}": document for document in documents}
        self.pages |= {f"/jobs/{job['id']}": job | {"process": {}} for job in jobs}
        self.bodies = {path: json.dumps(page).encode() for path, page in self.pages.items()}
        self.tags = {
            path: '"' + hashlib.sha256(body).hexdigest()[:16] + '"'
            for path, body in self.bodies.items()
        }

    def __call__(self, environ: dict[str, Any], start: StartResponse) -> Iterable[bytes]:
        path, method = environ["PATH_INFO"], environ["REQUEST_METHOD"]
        if self.delay and path.startswith(("/jobs", "/result")):
            time.sleep(self.delay)
        if method == "POST":
            return self.post(path, environ, start)
        if path not in self.bodies:
            start("404 Not Found", [("Content-Type", "application/json")])
            return [b'{"code": "NotFound", "message": "No such page."}']
        if environ.get("HTTP_IF_NONE_MATCH") == self.tags[path]:
            start("304 Not Modified", [("ETag", self.tags[path])])
            return []
        body = self.bodies[path]
        headers = [("Content-Type", "application/json"), ("Content-Length", str(len(body)))]
        start("200 OK", [*headers, ("ETag", self.tags[path])])
        return [body]

    def post(self, path: str, environ: dict[str, Any], start: StartResponse) -> Iterable[bytes]:
        """Creates a job, or sends the bytes that the graph's constant asks for."""
        sent = json.loads(environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0)))
        if path == "/jobs":
            identifier = f"new-{next(self.numbers)}"
            location = f"http://{environ['HTTP_HOST']}/jobs/{identifier}"
            headers = [("Location", location), ("OpenEO-Identifier", identifier)]
            start("201 Created", [*headers, ("Content-Length", "0")])
            return []
        size = sent["process"]["process_graph"]["size"]["arguments"]["x"]
        start("200 OK", [("Content-Type", "image/tiff"), ("Content-Length", str(size))])
        return blocks(size)


def blocks(size: int) -> Iterator[bytes]:
    """``size`` bytes in blocks of 64 KiB."""
    for offset in range(0, size, len(BLOCK)):
        yield BLOCK[: min(len(BLOCK), size - offset)]


class Server(BaseApplication):  # type: ignore[misc]  # gunicorn ships no types
    """Gunicorn with one worker and its options from here."""

    def __init__(self, member: Member, port: int) -> None:
        self.member, self.port = member, port
        super().__init__()

    def load_config(self) -> None:
        """One worker of many threads, quiet."""
        options = {"bind": f"127.0.0.1:{self.port}", "worker_class": "gthread", "threads": 32}
        quiet = {"loglevel": "error", "keepalive": 30, "control_socket_disable": True}
        for key, value in (options | quiet).items():
            self.cfg.set(key, value)

    def load(self) -> Member:
        """The application that gunicorn serves."""
        return self.member


def main() -> None:
    """Serves one generated backend until it is told to stop."""
    parser = asking.parser("members", __doc__)
    parser.add_argument("--name", required=True, help="its id")
    parser.add_argument("--port", type=int, metavar="N", required=True, help="of 127.0.0.1")
    parser.add_argument("--collections", type=int, metavar="N", default=168, help="that it has")
    parser.add_argument(
        "--delay", type=float, metavar="SECONDS", default=0.0, help="before answers"
    )
    given = parser.parse_args()
    Server(Member(given.name, given.port, given.collections, given.delay), given.port).run()


if __name__ == "__main__":
    main()
