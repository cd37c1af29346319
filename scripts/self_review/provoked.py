"""Errors that a review provokes, and the endpoints that it finds by asking; nothing is made by it.

Nobody is logged in here, the ids exist nowhere and the bodies are empty objects.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from scripts.self_review.backend import ABSENT, Backend, collection_path
from scripts.self_review.findings import NotJudgedError
from scripts.self_review.probe.answer import Answer
from scripts.self_review.probe.client import NoAnswerError

NOWHERE: Final = "self-review-no-such-thing"
ORIGIN: Final = "https://self-review.example"
ENDPOINTS: Final = {
    "/": "GET",
    "/file_formats": "GET",
    "/conformance": "GET",
    "/collections": "GET",
    "/collections/{collection_id}": "GET",
    "/collections/{collection_id}/queryables": "GET",
    "/processes": "GET",
    "/udf_runtimes": "GET",
    "/credentials/oidc": "GET",
    "/credentials/basic": "GET",
    "/validation": "POST",
    "/result": "POST",
    "/process_graphs": "GET",
    "/process_graphs/{process_graph_id}": "GET PUT DELETE",
    "/service_types": "GET",
    "/services": "GET POST",
    "/services/{service_id}": "GET PATCH DELETE",
    "/services/{service_id}/logs": "GET",
    "/jobs": "GET POST",
    "/jobs/{job_id}": "GET PATCH DELETE",
    "/jobs/{job_id}/estimate": "GET",
    "/jobs/{job_id}/logs": "GET",
    "/jobs/{job_id}/results": "GET POST DELETE",
    "/files": "GET",
    "/files/{path}": "GET PUT DELETE",
    "/me": "GET",
}
"""Every path of the openEO API with its methods."""
PROTECTED: Final = (
    ("GET", "/me"),
    ("GET", "/jobs"),
    ("GET", "/process_graphs"),
    ("GET", "/services"),
    ("GET", "/files"),
    ("POST", "/jobs"),
    ("POST", "/result"),
    ("PUT", "/process_graphs/{process_graph_id}"),
    ("PATCH", "/jobs/{job_id}"),
    ("DELETE", "/jobs/{job_id}"),
)
"""What belongs to users, with every method."""
WITH_BODY: Final = frozenset({"POST", "PUT", "PATCH"})


@dataclass(frozen=True, slots=True)
class Asked:
    """A method of a path of the API, and what it was answered."""

    method: str
    path: str
    answer: Answer

    @property
    def text(self) -> str:
        return f"{self.method} {self.path}"


def asked(backend: Backend, method: str, path: str) -> Asked:
    """What nobody in particular is answered there; asked once. Raises NoAnswerError."""
    url = backend.url(filled(backend, path))
    body: dict[str, str] | None = {} if method in WITH_BODY else None

    def ask() -> Answer:
        return backend.probe.ask(method, url, headers={"Origin": ORIGIN}, json=body)

    return Asked(method, path, backend.once(("asked", method, url), ask))


def filled(backend: Backend, path: str) -> str:
    """The path with an id in place of its variables: a collection that exists, else nothing."""
    if "{collection_id}" in path and (known := some_collection(backend)) is not None:
        path = path.replace("/collections/{collection_id}", collection_path(known))
    parts = path.split("/")
    return "/".join(NOWHERE if part.startswith("{") else part for part in parts)


def some_collection(backend: Backend) -> str | None:
    """The id of a collection that is listed, if the list can be read."""
    try:
        listed = backend.collections
    except (NotJudgedError, NoAnswerError):
        return None
    return next((one["id"] for one in listed if isinstance(one.get("id"), str)), None)


def refusals(backend: Backend) -> list[Asked]:
    """The answers to requests of nobody for what belongs to users, where something answers."""
    found = [asked(backend, method, path) for method, path in PROTECTED]
    return [one for one in found if _is_expected(backend, one)]


def _is_expected(backend: Backend, one: Asked) -> bool:
    """Whether the endpoint is there: it is listed, or it answers as if."""
    return one.answer.status not in ABSENT or backend.lists(one.method, one.path)


def not_found(backend: Backend) -> list[Asked]:
    """The answers for a collection and an address that nobody has."""
    return [
        asked(backend, "GET", f"/collections/{NOWHERE}"),
        asked(backend, "GET", f"/{NOWHERE}"),
    ]


def errors(backend: Backend) -> list[Asked]:
    """Every answer that must be an error."""
    return [*refusals(backend), *not_found(backend)]


def is_implemented(backend: Backend, method: str, path: str) -> bool:
    """Whether an endpoint is there, as far as that is seen without a login.

    Where even an address that nobody has is refused, a refusal says nothing.
    """
    status = asked(backend, method, path).answer.status
    if status in ABSENT or status >= 500:
        return False
    nowhere = asked(backend, method, f"/{NOWHERE}").answer.status
    return status != nowhere or status < 300
