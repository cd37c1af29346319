"""Discovery: collections, processes, formats."""

from typing import Any, Final

from flask import Blueprint, Response

from backends.collections import summary
from backends.definitions import PROCESSES_VERSION
from backends.errors import collection_not_found
from backends.formats import file_formats as describe_formats
from backends.queryables import queryables as describe_queryables
from backends.service_types import SERVICE_TYPES
from backends.udf.runtimes import udf_runtimes as describe_runtimes
from backends.web.backend import backend
from backends.web.documents import (
    json_response,
    limit_parameter,
    link,
    next_link,
    number_parameter,
)

discovery = Blueprint("discovery", __name__)
filters = Blueprint("filters", __name__)
"""What came with API version 1.2.0."""

runtimes = Blueprint("runtimes", __name__)
"""What those backends have that run users' own code."""

QUERYABLES: Final = "http://www.opengis.net/def/rel/ogc/1.0/queryables"


@discovery.get("/collections")
def collections() -> Response:
    """All collections, in short, page by page."""
    documents, links = _page("/collections", list(backend().collections.values()))
    listed = [with_links(summary(document)) for document in documents]
    return json_response({"collections": listed, "links": links}, revalidate=True)


@discovery.get("/collections/<collection_id>")
def collection(collection_id: str) -> Response:
    """All that is known of a collection."""
    return json_response(with_links(_collection(collection_id)), revalidate=True)


@filters.get("/collections/<collection_id>/queryables")
def queryables(collection_id: str) -> Response:
    """By which properties data of a collection can be selected."""
    spec = backend().profile.collection(collection_id)
    if spec is None:
        raise collection_not_found(collection_id, list(backend().collections))
    address = f"{backend().profile.api_url}/collections/{collection_id}/queryables"
    schema = {**describe_queryables(spec), "$id": address}
    return json_response(schema, media_type="application/schema+json", revalidate=True)


@discovery.get("/processes")
def processes() -> Response:
    """The processes that can be run, page by page."""
    here = backend()
    listed, links = _page("/processes", list(here.processes.values()))
    document: dict[str, Any] = {"processes": listed, "links": links}
    if here.profile.version >= (1, 3, 0):
        document["version"] = PROCESSES_VERSION
    return json_response(document, revalidate=True)


@discovery.get("/file_formats")
def file_formats() -> Response:
    """The file formats that can be written and read."""
    profile = backend().profile
    return json_response(
        describe_formats(profile.output_formats, profile.input_formats), revalidate=True
    )


@discovery.get("/service_types")
def service_types() -> Response:
    """The types of web services."""
    offered = backend().profile.service_types
    return json_response({name: SERVICE_TYPES[name] for name in offered}, revalidate=True)


@runtimes.get("/udf_runtimes")
def udf_runtimes() -> Response:
    """The runtimes of user-defined functions."""
    return json_response(describe_runtimes(), revalidate=True)


def _page(
    path: str, documents: list[dict[str, Any]]
) -> tuple[list[dict[str, Any]], list[dict[str, str]]]:
    """The part of a fixed list that the request asks for, and the links of that page.

    Source: openEO API 1.3.0, section Pagination.
    """
    limit, offset = limit_parameter(), number_parameter("offset") or 0
    end = len(documents) if limit is None else offset + limit
    links = [link("self", path), link("root", "/")]
    if end < len(documents):
        links.append(next_link(path, limit=limit, offset=end))
    return documents[offset:end], links


def with_links(document: dict[str, Any]) -> dict[str, Any]:
    """The collection's document with the links that depend on where it is served."""
    path = f"/collections/{document['id']}"
    links = [link("self", path), link("parent", "/collections"), link("root", "/")]
    links.append(link("items", f"{path}/items", "Scenes", "application/geo+json"))
    if backend().profile.version >= (1, 2, 0):
        media_type = "application/schema+json"
        links.append(link(QUERYABLES, f"{path}/queryables", "Queryables", media_type))
    return {**document, "links": [*links, *document.get("links", [])]}


def _collection(collection_id: str) -> dict[str, Any]:
    known = backend().collections
    if collection_id not in known:
        raise collection_not_found(collection_id, list(known))
    return known[collection_id]
