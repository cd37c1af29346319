"""Providers of workspaces: each says who has it, and odd ones cost nobody else theirs."""

from __future__ import annotations

from typing import Any

import pytest

from aggregator.merging.workspace_providers import merge_workspace_providers
from tests.fakes.documents import frozen, thawed
from tests.unit.merging.noted import assert_noted

ORDER = ("terra", "aurora", "boreal")
KEY = {"type": "string", "description": "Key.", "required": True}


def s3(**more: Any) -> dict[str, Any]:
    return {"title": "S3", "intents": ["register"], "parameters": {"key": KEY}, **more}


def folder() -> dict[str, Any]:
    return {"title": "Folder", "intents": ["create"], "parameters": {}}


def merged(**by_backend: Any) -> Any:
    documents = {name: {"providers": providers} for name, providers in by_backend.items()}
    return merge_workspace_providers(documents, order=ORDER)


def test_each_provider_says_who_has_it() -> None:
    found = merged(terra={"folder": folder(), "S3": s3()}, aurora={"folder": folder()})
    assert found.document == {
        "folder": {**folder(), "federation:backends": ["terra", "aurora"]},
        "S3": {**s3(), "federation:backends": ["terra"]},
    }
    assert found.notes == ()


def test_a_name_in_another_case_is_the_same_provider() -> None:
    found = merged(terra={"s3": s3()}, aurora={"S3": s3(intents=["create"])})
    ((name, provider),) = found.document.items()
    assert (name, provider["intents"]) == ("s3", ["register", "create"])
    assert_noted(found, "name-case-differs", "terra", "aurora")


def test_a_parameter_says_who_takes_it() -> None:
    token = {"type": "string", "description": "Token."}
    found = merged(terra={"S3": s3()}, aurora={"S3": s3(parameters={"key": KEY, "token": token})})
    assert found.document["S3"]["parameters"] == {
        "key": KEY,
        "token": {**token, "federation:backends": ["aurora"]},
    }


@pytest.mark.parametrize("broken", [None, [], "S3", 5, {"S3": None}, {"S3": []}])
def test_broken_providers_cost_no_other_backend_its_own(broken: Any) -> None:
    found = merged(terra=broken, aurora={"S3": s3()})
    assert found.document == {"S3": {**s3(), "federation:backends": ["aurora"]}}
    assert any(note.backends == ("terra",) for note in found.notes)


@pytest.mark.parametrize("document", [{}, {"providers": {}}])
def test_who_has_no_providers_adds_none(document: Any) -> None:
    by_backend = {"terra": document, "aurora": {"providers": {"S3": s3()}}}
    found = merge_workspace_providers(by_backend, order=ORDER)
    assert found.document["S3"]["federation:backends"] == ["aurora"]
    assert found.notes == ()


def test_missing_parameters_are_none() -> None:
    assert merged(terra={"folder": {}}).document == {
        "folder": {"parameters": {}, "federation:backends": ["terra"]}
    }


def test_inputs_are_left_as_they_are() -> None:
    by_backend = {"terra": {"providers": {"s3": s3()}}, "aurora": {"providers": {"S3": s3()}}}
    before = thawed(by_backend)
    plain = merge_workspace_providers(by_backend, order=ORDER).document
    assert by_backend == before
    assert thawed(merge_workspace_providers(frozen(by_backend), order=ORDER).document) == plain
