"""What holds for all documents: merging is independent of order, idempotent, harmless."""

from __future__ import annotations

import copy
import json
from collections.abc import Callable
from typing import Any
from unittest import mock

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from aggregator.merging.capabilities import Endpoint, merge_capabilities
from aggregator.merging.formats import merge_file_formats
from aggregator.merging.names import grouped_collections
from aggregator.merging.notes import Merged
from aggregator.merging.oidc import merge_oidc_providers
from aggregator.merging.processes import merge_processes
from aggregator.merging.service_types import merge_service_types
from aggregator.merging.udf_runtimes import merge_udf_runtimes
from aggregator.merging.workspace_providers import merge_workspace_providers
from tests.fakes.documents import (
    capabilities,
    collection,
    file_format,
    file_formats,
    frozen,
    parameter,
    process,
    provider,
    providers,
    service_type,
    thawed,
    udf_runtime,
)
from tests.unit.merging.merged import listing

ORDER = ("terra", "aurora", "boreal")
Merge = Callable[..., Merged[Any]]


def _capabilities(by_backend: Any, *, order: Any) -> Merged[Any]:
    routes = [Endpoint("/jobs", ("GET", "POST")), Endpoint("/collections", ("GET",))]
    return merge_capabilities(by_backend, order=order, members={}, base={}, routes=routes)


def _names(by_backend: Any, *, order: Any) -> Merged[Any]:
    grouped = grouped_collections(by_backend, order=order)
    return Merged(grouped.document[0], grouped.notes)


def _intersection(by_backend: Any, *, order: Any) -> Merged[Any]:
    return merge_processes(by_backend, order=order, rule="intersection")


def _union(by_backend: Any, *, order: Any) -> Merged[Any]:
    return merge_oidc_providers(by_backend, order=order, rule="union")


MERGES: dict[str, Merge] = {
    "capabilities": _capabilities,
    "collections": listing,
    "names": _names,
    "processes": merge_processes,
    "intersection": _intersection,
    "file_formats": merge_file_formats,
    "udf_runtimes": merge_udf_runtimes,
    "service_types": merge_service_types,
    "workspace_providers": merge_workspace_providers,
    "oidc": merge_oidc_providers,
    "oidc_union": _union,
}

# Anything that JSON can be, with the names and values that mean something here and there.
KEYS = st.sampled_from(
    [
        *("id", "name", "type", "title", "values", "extent", "versions", "links", "rel", "href"),
        *("parameters", "schema", "default", "minimum", "maximum", "issuer", "bands", "paid"),
        *("providers", "libraries", "plans", "methods"),
    ]
)
SCALARS = (
    st.none()
    | st.booleans()
    | st.integers(-5, 5)
    | st.floats()
    | st.sampled_from(["", "x", "bands", "2020-01-01", "https://a.example", "1.0.0"])
)
ANY = st.recursive(
    SCALARS,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(KEYS, inner, max_size=5),
    max_leaves=12,
)


def odd(build: Callable[..., Any]) -> st.SearchStrategy[Any]:
    """A valid document, one with some odd fields, or anything at all."""
    fields = st.sampled_from(sorted(build()))

    def spoilt(changes: dict[str, Any]) -> Any:
        return {**copy.deepcopy(build()), **changes}

    return st.just(build()) | st.dictionaries(fields, ANY, max_size=3).map(spoilt) | ANY


def rich_collection() -> dict[str, Any]:
    return collection(
        "X",
        keywords=["k"],
        providers=[{"name": "ESA"}],
        assets={"a": {"href": "https://a.example"}},
        experimental=True,
        fields={"item_assets": {"B02": {"roles": ["data"]}}, "cube:variables": {}, "sci:doi": "d"},
    )


def rich_process() -> dict[str, Any]:
    return process("add", parameters=[parameter("x", default=1), "y"], exceptions={}, links=[])


def rich_capabilities() -> dict[str, Any]:
    plan = {"name": "free", "description": "Free.", "paid": False}
    return capabilities(billing={"currency": "EUR", "plans": [plan], "default_plan": "free"})


def rich_formats() -> dict[str, Any]:
    return file_formats({"GTiff": file_format(parameters={"a": {"type": "string"}})}, {})


def runtime() -> dict[str, Any]:
    return udf_runtime("3.9", "3.11", title="Python")


def service() -> dict[str, Any]:
    return service_type(process_parameters=[parameter("x")])


def storage() -> dict[str, Any]:
    return {"intents": ["register"], "parameters": {"x": {"type": "string", "description": "X."}}}


DOCUMENTS: dict[str, st.SearchStrategy[Any]] = {
    "capabilities": odd(rich_capabilities),
    "collections": st.lists(odd(rich_collection), max_size=3) | ANY,
    "names": st.lists(odd(rich_collection), max_size=3) | ANY,
    "processes": st.lists(odd(rich_process), max_size=3) | ANY,
    "intersection": st.lists(odd(rich_process), max_size=3),
    "file_formats": odd(rich_formats)
    | odd(file_format).map(lambda one: {"output": {"GTiff": one, "PNG": file_format()}}),
    "udf_runtimes": ANY | odd(runtime).map(lambda one: {"Python": one}),
    "service_types": ANY | odd(service).map(lambda one: {"WMS": one}),
    "workspace_providers": ANY | odd(storage).map(lambda one: {"providers": {"S3": one}}),
    "oidc": st.lists(odd(provider), max_size=3).map(lambda some: {"providers": some}) | ANY,
    "oidc_union": st.lists(odd(provider), max_size=3).map(lambda some: {"providers": some}),
}

many = settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.too_slow], derandomize=True
)


def text_of(merged: Merged[Any]) -> str:
    """A merged document and its notes as text, in which even the order of keys shows."""
    notes = [note.as_json() for note in merged.notes]
    return json.dumps([thawed(_plain(merged.document)), notes])


def _plain(document: Any) -> Any:
    return vars(document) if hasattr(document, "__dataclass_fields__") else document


@pytest.mark.parametrize("kind", MERGES)
@many
@given(data=st.data())
def test_the_order_of_arrival_never_matters(kind: str, data: st.DataObject) -> None:
    documents = [data.draw(DOCUMENTS[kind]) for _ in ORDER]
    by_backend = dict(zip(ORDER, documents, strict=True))
    expected = text_of(MERGES[kind](by_backend, order=ORDER))
    arrival = data.draw(st.permutations(list(by_backend)))
    shuffled = {backend: by_backend[backend] for backend in arrival}
    assert text_of(MERGES[kind](shuffled, order=ORDER)) == expected


@pytest.mark.parametrize("kind", MERGES)
@many
@given(data=st.data())
def test_documents_are_never_changed(kind: str, data: st.DataObject) -> None:
    by_backend = {backend: data.draw(DOCUMENTS[kind]) for backend in ORDER}
    before = repr(by_backend)
    plain = text_of(MERGES[kind](by_backend, order=ORDER))
    assert repr(by_backend) == before
    ice = {backend: frozen(document) for backend, document in by_backend.items()}
    assert text_of(MERGES[kind](ice, order=ORDER)) == plain


def spoilt_somewhere(document: Any) -> st.SearchStrategy[Any]:
    """The document with one of its values, at any depth, replaced by anything."""
    if isinstance(document, dict) and document:
        return st.sampled_from(list(document)).flatmap(
            lambda key: spoilt_somewhere(document[key]).map(lambda value: {**document, key: value})
        )
    if isinstance(document, list) and document:
        return st.integers(0, len(document) - 1).flatmap(
            lambda at: spoilt_somewhere(document[at]).map(
                lambda value: [*document[:at], value, *document[at + 1 :]]
            )
        )
    return ANY | st.just(document)


@pytest.mark.parametrize("kind", [kind for kind in MERGES if kind != "names"])
@settings(many, max_examples=150)
@given(data=st.data())
def test_shortcuts_give_what_the_rules_give(kind: str, data: st.DataObject) -> None:
    good = GOOD[{"intersection": "processes", "oidc": "oidc_union"}.get(kind, kind)]
    document = data.draw(spoilt_somewhere(good) | DOCUMENTS[kind])
    for documents in ({"terra": document}, {"terra": document, "aurora": good}):
        short = text_of(MERGES[kind](documents, order=ORDER))
        with mock.patch("aggregator.merging.fields.fits", return_value=False):
            assert text_of(MERGES[kind](documents, order=ORDER)) == short


def without_backends(value: Any) -> Any:
    """The value without any word on who has what."""
    if isinstance(value, dict):
        kept = {key: item for key, item in value.items() if key != "federation:backends"}
        return {key: without_backends(item) for key, item in kept.items()}
    if isinstance(value, list):
        return [without_backends(item) for item in value]
    return value


@pytest.mark.parametrize("kind", [kind for kind in MERGES if kind != "names"])
@many
@given(data=st.data())
def test_merging_with_an_equal_document_changes_nothing(kind: str, data: st.DataObject) -> None:
    document = data.draw(DOCUMENTS[kind])
    alone = MERGES[kind]({"terra": document}, order=ORDER).document
    doubled = MERGES[kind](
        {"terra": document, "aurora": copy.deepcopy(document)}, order=ORDER
    ).document
    assert repr(without_backends(doubled)) == repr(without_backends(alone))


@pytest.mark.parametrize(
    ("kind", "unwrap"),
    [
        ("collections", lambda document: document),
        ("processes", lambda document: document),
    ],
)
@many
@given(data=st.data())
def test_merging_what_was_merged_changes_nothing(
    kind: str, unwrap: Callable[[Any], Any], data: st.DataObject
) -> None:
    by_backend = {backend: data.draw(DOCUMENTS[kind]) for backend in ORDER}
    once = MERGES[kind](by_backend, order=ORDER).document
    listed = [without_backends(thawed(one)) for one in unwrap(once).values()]
    again = MERGES[kind]({"terra": listed}, order=ORDER).document
    assert repr([without_backends(one) for one in again.values()]) == repr(listed)


GOOD: dict[str, Any] = {
    "capabilities": rich_capabilities(),
    "collections": [rich_collection()],
    "names": [rich_collection()],
    "processes": [rich_process()],
    "file_formats": rich_formats(),
    "udf_runtimes": {"Python": runtime()},
    "service_types": {"WMS": service()},
    "workspace_providers": {"providers": {"S3": storage()}},
    "oidc_union": providers(provider()),
}


@pytest.mark.parametrize("kind", GOOD)
@many
@given(data=st.data())
def test_nothing_that_one_backend_says_costs_another_its_data(
    kind: str, data: st.DataObject
) -> None:
    odd_one, good = data.draw(DOCUMENTS[kind]), GOOD[kind]
    merged = MERGES[kind]({"terra": odd_one, "aurora": good}, order=ORDER).document
    shown = json.dumps(thawed(_plain(merged)))
    for name in NAMES[kind]:
        assert f'"{name}"' in shown


NAMES = {
    "capabilities": ["/jobs", "/collections", "free"],
    "collections": ["X", "B02", "B08", "sentinel-2", "ESA", "aurora"],
    "names": ["X"],
    "processes": ["add", "x", "y", "aurora"],
    "file_formats": ["GTiff", "raster", "a", "aurora"],
    "udf_runtimes": ["Python", "3.9", "3.11", "aurora"],
    "service_types": ["WMS", "x", "aurora"],
    "workspace_providers": ["S3", "x", "register", "aurora"],
    "oidc_union": ["https://aai.example", "openid"],
}


@pytest.mark.parametrize("kind", GOOD)
@many
@given(data=st.data())
def test_notes_can_be_printed_and_sent(kind: str, data: st.DataObject) -> None:
    by_backend = {backend: data.draw(DOCUMENTS[kind]) for backend in ORDER}
    for note in MERGES[kind](by_backend, order=ORDER).notes:
        assert note.message
        assert set(note.backends) <= set(ORDER)
        json.dumps(note.as_json())
