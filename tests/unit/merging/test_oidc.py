"""Providers of OpenID Connect: matched by issuer, under one id, mapped to the backends' own."""

from __future__ import annotations

from typing import Any

import pytest

from aggregator.merging.notes import Merged
from aggregator.merging.oidc import merge_oidc_providers, oidc_mapping
from tests.contract.specification import assert_conforms
from tests.fakes.documents import frozen, provider, providers, thawed
from tests.unit.merging.noted import assert_not_noted, assert_noted

ORDER = ("terra", "aurora", "boreal")


def merged(rule: str = "common", **listed: Any) -> Merged[list[dict[str, Any]]]:
    whole = merge_oidc_providers(listed, order=ORDER, rule=rule)
    return Merged(whole.document["providers"], whole.notes)


def test_providers_that_all_know_are_listed_and_others_noted() -> None:
    found = merged(
        terra=providers(provider("a", "https://a.example"), provider("b", "https://b.example")),
        aurora=providers(provider("b", "https://b.example")),
    )
    assert [one["id"] for one in found.document] == ["b"]
    assert_noted(found, "provider-left-out", "terra", subject="oidc/https://a.example")


def test_one_backend_that_changes_its_issuer_costs_the_others_nothing() -> None:
    shared, moved = provider("egi", "https://a.example"), provider("egi", "https://new.example")
    for backend in ORDER:
        listed: dict[str, Any] = {
            name: providers(moved if name == backend else shared) for name in ORDER
        }
        found = merged(**listed)
        assert [one["issuer"] for one in found.document] == ["https://a.example"]
        others = [name for name in ORDER if name != backend]
        mapping = oidc_mapping(listed, order=ORDER)
        assert mapping.own_ids == {"egi": dict.fromkeys(others, "egi")}
        note = assert_noted(found, "provider-not-common", backend, subject="oidc/https://a.example")
        assert note.values["known_to"] == others
        assert_noted(found, "provider-left-out", backend, subject="oidc/https://new.example")


def test_two_backends_that_share_no_provider_each_keep_their_users() -> None:
    found = merged(
        terra=providers(provider("a", "https://a.example")),
        aurora=providers(provider("b", "https://b.example")),
    )
    assert [one["id"] for one in found.document] == ["a", "b"]
    assert_noted(found, "provider-not-common", "aurora", subject="oidc/https://a.example")
    assert_noted(found, "provider-not-common", "terra", subject="oidc/https://b.example")


def test_what_all_know_is_listed_without_a_word() -> None:
    found = merged(terra=providers(provider("a")), aurora=providers(provider("a")))
    assert_not_noted(found, "provider-not-common")
    assert_not_noted(found, "provider-left-out")


def test_backends_without_openid_connect_do_not_count() -> None:
    found = merged(terra=providers(provider("a")), aurora={"providers": []})
    assert [one["id"] for one in found.document] == ["a"]


def test_by_union_every_provider_is_listed() -> None:
    found = merged(
        "union",
        terra=providers(provider("a", "https://a.example")),
        aurora=providers(provider("b", "https://b.example")),
    )
    assert [one["id"] for one in found.document] == ["a", "b"]


def test_of_other_issuers_than_the_trusted_ones_nothing_is_listed() -> None:
    a, b = provider("a", "https://a.example"), provider("b", "https://B.example/")
    listed: dict[str, Any] = {"terra": providers(a, b), "aurora": providers(b)}
    trusted = ["https://b.example", "https://c.example"]
    found = merge_oidc_providers(listed, order=ORDER, rule="union", trusted=trusted)
    assert [one["id"] for one in found.document["providers"]] == ["b"]
    assert not found.notes
    assert list(oidc_mapping(listed, order=ORDER, trusted=trusted).own_ids) == ["b"]


def test_an_unknown_rule_is_refused() -> None:
    with pytest.raises(ValueError, match="common, union"):
        merge_oidc_providers({}, order=ORDER, rule="any")


@pytest.mark.parametrize(
    "other", ["https://aai.example/oidc/", "HTTPS://aai.example/oidc", "https://AAI.example/oidc"]
)
def test_the_same_issuer_written_differently_is_the_same(other: str) -> None:
    found = merged(
        terra=providers(provider("egi", "https://aai.example/oidc")),
        aurora=providers(provider("egi", other)),
    )
    assert [one["issuer"] for one in found.document] == ["https://aai.example/oidc"]
    assert_not_noted(found)


def test_the_federations_id_maps_to_each_backends_own() -> None:
    listed: dict[str, Any] = {
        "terra": providers(provider("egi", "https://aai.example")),
        "aurora": providers(provider("EGI_aurora", "https://aai.example/")),
    }
    found = merged(**listed)
    assert [one["id"] for one in found.document] == ["egi"]
    assert_noted(found, "provider-id-differs", "terra", "aurora")
    mapping = oidc_mapping(listed, order=ORDER)
    assert mapping.own_ids == {"egi": {"terra": "egi", "aurora": "EGI_aurora"}}


def test_different_providers_of_the_same_id_get_different_ids() -> None:
    listed = {
        "terra": providers(provider("oidc", "https://a.example")),
        "aurora": providers(provider("oidc", "https://b.example")),
        "boreal": providers(provider("oidc2", "https://c.example")),
    }
    found = merged("union", **listed)
    assert [(one["id"], one["issuer"]) for one in found.document] == [
        ("oidc", "https://a.example"),
        ("oidc2", "https://b.example"),
        ("oidc22", "https://c.example"),
    ]
    assert_noted(found, "provider-id-conflict", "aurora")
    mapping = oidc_mapping(listed, order=ORDER, rule="union")
    assert mapping.own_ids == {
        "oidc": {"terra": "oidc"},
        "oidc2": {"aurora": "oidc"},
        "oidc22": {"boreal": "oidc2"},
    }


def test_a_long_id_stays_within_what_the_specification_allows() -> None:
    long = "p" * 20
    found = merged(
        "union",
        terra=providers(provider(long, "https://a.example")),
        aurora=providers(provider(long, "https://b.example")),
    )
    assert [one["id"] for one in found.document] == [long, "p" * 19 + "2"]


def test_scopes_are_united_since_a_token_must_serve_every_backend() -> None:
    found = merged(
        terra=providers(provider(scopes=["openid", "email"])),
        aurora=providers(provider(scopes=["openid", "profile"])),
    )
    assert found.document[0]["scopes"] == ["openid", "email", "profile"]
    assert_noted(found, "scopes-differ", "terra", "aurora")


def test_default_clients_are_merged_by_id() -> None:
    def client(grant: str, url: str) -> dict[str, Any]:
        return {"id": "c1", "grant_types": [grant], "redirect_urls": [url]}

    found = merged(
        terra=providers(provider(default_clients=[client("refresh_token", "https://a.example")])),
        aurora=providers(
            provider(
                default_clients=[
                    client("authorization_code+pkce", "https://b.example"),
                    {"id": "c2", "grant_types": ["refresh_token"]},
                ]
            )
        ),
    )
    assert found.document[0]["default_clients"] == [
        {
            "id": "c1",
            "grant_types": ["refresh_token", "authorization_code+pkce"],
            "redirect_urls": ["https://a.example", "https://b.example"],
        },
        {"id": "c2", "grant_types": ["refresh_token"]},
    ]


def test_authorization_parameters_are_kept() -> None:
    listed = providers(provider(authorization_parameters={"access_type": "offline"}))
    assert merged(terra=listed).document[0]["authorization_parameters"] == {
        "access_type": "offline"
    }


@pytest.mark.parametrize("broken", [None, [], "oidc", {"providers": None}, {"providers": "egi"}])
def test_a_broken_answer_costs_no_other_backend_its_providers(broken: Any) -> None:
    found = merged(terra=broken, aurora=providers(provider("egi")))
    assert [one["id"] for one in found.document] == ["egi"]
    assert_noted(found, "document-unusable", "terra")


@pytest.mark.parametrize(
    "entry", [None, "egi", {}, {"id": "x"}, {"id": 5, "issuer": "https://x.example"}, {"issuer": 1}]
)
def test_a_broken_provider_costs_no_other_provider(entry: Any) -> None:
    found = merged(terra=providers(entry, provider("egi")), aurora=providers(provider("egi")))
    assert [one["id"] for one in found.document] == ["egi"]
    assert_noted(found, "entry-unusable", "terra")


def test_a_provider_that_is_listed_twice_counts_once() -> None:
    found = merged(terra=providers(provider("a"), provider("b")))
    assert [one["id"] for one in found.document] == ["a"]
    assert_noted(found, "entry-repeated", "terra")


def test_the_merged_list_is_as_the_api_describes_it() -> None:
    listed = {name: providers(provider("egi", title=name)) for name in ORDER}
    del listed["terra"]["providers"][0]["title"]
    whole = merge_oidc_providers(listed, order=ORDER).document
    assert_conforms("get", "/credentials/oidc", 200, whole)


def test_inputs_are_left_as_they_are() -> None:
    listed = {"terra": providers(provider("a")), "aurora": providers(provider("b", scopes=["x"]))}
    before = thawed(listed)
    plain = merge_oidc_providers(listed, order=ORDER).document
    assert listed == before
    assert thawed(merge_oidc_providers(frozen(listed), order=ORDER).document) == plain
