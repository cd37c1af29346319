"""What reading a profile promises."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml

from backends.addresses import AddressPolicy
from backends.configuration import ProfileError
from backends.profile import CollectionSpec, Profile
from backends.profile_reading import Known, load_profile, read_profile
from backends.workspaces.configuration import Folders, Offer

ROOT = Path(__file__).resolve().parents[3]


def refuse_moon(product: str, _options: object) -> None:
    if product == "moon":
        raise ValueError("there is no product 'moon'")


KNOWN = Known(
    processes=("add", "load_collection", "ndvi", "save_result"),
    output_formats=("GTiff", "JSON"),
    input_formats=(),
    product=refuse_moon,
)


def document(**changes: Any) -> dict[str, Any]:
    complete = {
        "id": "terra",
        "title": "Terra",
        "description": "Optical data.",
        "provider": {"name": "Terra Inc."},
        "api_version": "1.3.0",
        "token_form": "jwt",
        "bind": "127.0.0.1:8101",
        "users": {"alice": {"password": "alice"}},
        "collections": [{"id": "S2", "product": "sentinel2_l2a", "options": {"bands": ["B04"]}}],
        "processes": "all",
        "formats": {"output": ["GTiff"]},
    }
    return {**complete, **changes}


def read(**changes: Any) -> Profile:
    return read_profile(document(**changes), source="terra.yaml", known=KNOWN)


def mistakes(**changes: Any) -> list[str]:
    with pytest.raises(ProfileError) as caught:
        read(**changes)
    return [str(mistake) for mistake in caught.value.mistakes]


def test_a_complete_profile_is_read_with_its_defaults() -> None:
    profile = read()
    assert profile.api_url == "http://127.0.0.1:8101/openeo/1.3"
    assert profile.collection("S2") == CollectionSpec(
        "S2", "world", "sentinel2_l2a", {"bands": ["B04"]}
    )
    assert profile.collection("S3") is None
    assert profile.limits.sync_deadline == 300
    assert profile.version == (1, 3, 0)


def test_all_processes_are_those_that_can_be_run() -> None:
    assert read(processes="all").processes == ("add", "load_collection", "ndvi", "save_result")


def test_processes_can_be_left_out_of_all() -> None:
    chosen = read(processes={"all_but": ["ndvi"]}).processes
    assert chosen == ("add", "load_collection", "save_result")


def test_processes_can_be_listed() -> None:
    assert read(processes=["ndvi", "add"]).processes == ("ndvi", "add")


def test_a_misspelt_process_is_named_with_what_was_probably_meant() -> None:
    assert mistakes(processes=["ndvj"]) == [
        "processes[0]: 'ndvj' is not known (did you mean ndvi?)"
    ]


def test_all_mistakes_are_told_at_once() -> None:
    found = mistakes(
        id="Terra-1",
        api_version="0.4.2",
        token_form="cookie",
        bind="8101",
        colour="green",
        users={"alice": {}},
        limits={"sync_samples": "many", "queue_length": 0, "speed": 3},
    )
    assert [mistake.split(":")[0] for mistake in found] == [
        "colour",
        "api_version",
        "bind",
        "id",
        "token_form",
        "users.alice",
        "limits.speed",
        "limits.sync_samples",
        "limits.queue_length",
    ]


@pytest.mark.parametrize("key", list(document()))
@pytest.mark.parametrize("value", [None, [], {}, 3, -1.5, True, "text", [[1]], {"a": {"b": [1]}}])
def test_whatever_a_key_holds_is_read_or_refused(key: str, value: object) -> None:
    try:
        read(**{key: value})
    except ProfileError as error:
        assert error.mistakes


def test_a_port_that_cannot_be_is_a_mistake() -> None:
    assert mistakes(bind="127.0.0.1:70000") == ["bind: has no such port (ports go up to 65535)"]


def test_a_mistake_says_what_would_be_right() -> None:
    assert mistakes(api_version="0.4.2") == [
        "api_version: '0.4.2' is not possible (one of 1.1.0, 1.2.0, 1.3.0)"
    ]


def test_what_is_missing_is_named() -> None:
    incomplete = document()
    del incomplete["title"]
    with pytest.raises(ProfileError, match="title: is missing"):
        read_profile(incomplete, source="terra.yaml", known=KNOWN)


def test_an_unknown_product_of_the_world_is_a_mistake() -> None:
    found = mistakes(collections=[{"id": "MOON", "product": "moon"}])
    assert found == ["collections[0]: there is no product 'moon'"]


def test_a_collection_cannot_stand_twice() -> None:
    twice = [{"id": "S2", "product": "sentinel2_l2a"}] * 2
    assert mistakes(collections=twice) == ["collections[1].id: 'S2' stands twice"]


def test_real_data_need_an_address() -> None:
    found = mistakes(collections=[{"id": "REAL", "kind": "stac"}])
    assert found == ["collections[0].options.href: is missing"]


def test_a_path_to_real_data_is_seen_from_the_profile(tmp_path: Path) -> None:
    file = tmp_path / "terra.yaml"
    spec = {"id": "REAL", "kind": "stac", "options": {"href": "data/collection.json"}}
    file.write_text(yaml.safe_dump(document(collections=[spec])), encoding="utf-8")
    loaded = load_profile(file, known=KNOWN).collections[0]
    assert loaded.options["href"] == str(tmp_path / "data" / "collection.json")


def test_the_address_of_real_data_on_the_web_stays() -> None:
    spec = {"id": "REAL", "kind": "stac", "options": {"href": "https://example.org/c.json"}}
    assert read(collections=[spec]).collections[0].options["href"] == "https://example.org/c.json"


def test_a_user_has_one_kind_of_password() -> None:
    both = {"alice": {"password": "a", "password_hash": "b"}}
    assert mistakes(users=both) == [
        "users.alice: needs a password (give either password or password_hash)"
    ]


def test_a_password_does_not_show_in_a_printed_profile() -> None:
    assert "wonderland" not in repr(read(users={"alice": {"password": "wonderland"}}))


def test_a_file_that_is_missing_or_no_yaml_is_a_profile_error(tmp_path: Path) -> None:
    with pytest.raises(ProfileError, match="cannot be read"):
        load_profile(tmp_path / "missing.yaml", known=KNOWN)
    broken = tmp_path / "broken.yaml"
    broken.write_text("id: [", encoding="utf-8")
    with pytest.raises(ProfileError, match="is no YAML"):
        load_profile(broken, known=KNOWN)


@pytest.mark.parametrize("value", [None, [], "terra", 3])
def test_a_document_that_is_no_mapping_is_a_profile_error(value: object) -> None:
    with pytest.raises(ProfileError, match="must be a mapping"):
        read_profile(value, source="terra.yaml", known=KNOWN)


@pytest.mark.parametrize("name", ["terra", "aurora", "boreal"])
def test_the_profiles_that_come_along_are_without_mistakes(name: str) -> None:
    profile = load_profile(ROOT / "config" / "backends" / f"{name}.yaml")
    assert profile.id == name
    assert set(profile.users) == {"alice", "bob", "carol", "dave"}


def test_the_profiles_that_come_along_differ_in_api_version_and_token_form() -> None:
    profiles = [
        load_profile(ROOT / "config" / "backends" / f"{name}.yaml")
        for name in ("terra", "aurora", "boreal")
    ]
    assert [(one.api_version, one.token_form) for one in profiles] == [
        ("1.3.0", "jwt"),
        ("1.2.0", "prefixed"),
        ("1.1.0", "prefixed"),
    ]


def test_billing_has_plans_and_users_have_their_own() -> None:
    plans = [
        {"name": "free", "description": "For trying out.", "factor": 0.5},
        {"name": "pro", "description": "For work.", "paid": True},
    ]
    users = {
        "alice": {"password": "a", "plan": "PRO", "budget": 5},
        "bob": {"password": "b"},
    }
    profile = read(billing={"plans": plans, "budget": 100}, users=users)
    assert [profile.default_plan(name) for name in ("alice", "bob")] == ["pro", "free"]
    assert [profile.budget(name) for name in ("alice", "bob")] == [5, 100]
    assert profile.billing.factor("Free") == 0.5


def test_wrong_plans_are_named() -> None:
    plans = [{"name": "free"}, {"name": "FREE", "description": "x", "paid": 1, "factor": -1}]
    users = {"alice": {"password": "a", "plan": "gold", "budget": "much"}}
    found = mistakes(billing={"plans": plans}, users=users)
    assert [line.partition(":")[0] for line in found] == [
        "billing.plans[0].description",
        "billing.plans[1].paid",
        "billing.plans[1].factor",
        "billing.plans[1].name",
        "users.alice.budget",
        "users.alice.plan",
    ]


def test_a_backend_may_load_its_own_urls_and_what_the_profile_allows() -> None:
    profile = read(urls={"hosts": ["*.example.org"], "own": ["127.0.0.1:8102"]})
    assert profile.addresses.allowed_hosts == ("*.example.org",)
    assert profile.addresses.own == ("127.0.0.1:8101", "127.0.0.1:8102")
    assert not profile.addresses.allow_private


def test_wrong_urls_are_named() -> None:
    assert mistakes(urls={"hosts": "*", "private": "yes", "proxy": 1}) == [
        "urls.proxy: is not known (possible are hosts, own, private)",
        "urls.hosts: must be a list",
        "urls.private: must be true or false",
    ]


def test_workspaces_are_folders_and_buckets_at_hosts_that_may_be_used() -> None:
    assert read().workspaces == Offer()
    assert read(workspaces={"folder": None}).workspaces == Offer(Folders())
    given = {"folder": {"root": "shared"}, "s3": {"hosts": ["*.example.org"], "own": ["h:9000"]}}
    assert read(workspaces=given).workspaces == Offer(
        Folders(Path("shared")), AddressPolicy(("*.example.org",), own=("h:9000",))
    )
    # Unlike other URLs, a bucket is not at the backend's own address.
    assert read(workspaces={"s3": {}}).workspaces.buckets == AddressPolicy(("*",))


def test_a_relative_root_of_folders_is_seen_from_the_profile(tmp_path: Path) -> None:
    path = tmp_path / "terra.yaml"
    path.write_text(yaml.safe_dump(document(workspaces={"folder": {"root": "shared"}})))
    folders = load_profile(path, known=KNOWN).workspaces.folders
    assert folders == Folders(tmp_path.resolve() / "shared")


def test_wrong_workspaces_are_named() -> None:
    given = {"azure": {}, "folder": {"root": 7, "mode": 1}, "s3": {"hosts": "*", "private": 1}}
    assert mistakes(workspaces=given) == [
        "workspaces.azure: is not known (possible are folder, s3)",
        "workspaces.folder.mode: is not known (possible are root)",
        "workspaces.folder.root: must be a non-empty text",
        "workspaces.s3.hosts: must be a list",
        "workspaces.s3.private: must be true or false",
    ]


def test_exports_are_offered_only_where_there_are_workspaces() -> None:
    known = replace(KNOWN, processes=("add", "export_workspace"))

    def processes(**changes: Any) -> tuple[str, ...]:
        return read_profile(document(**changes), source="terra.yaml", known=known).processes

    assert processes(processes="all") == ("add",)
    assert processes(processes="all", workspaces={"folder": {}}) == ("add", "export_workspace")
    with pytest.raises(ProfileError, match="'export_workspace' has nowhere to export to"):
        processes(processes=["export_workspace"])


def test_what_files_can_be_read_is_offered_where_a_process_reads_them() -> None:
    known = replace(KNOWN, processes=("add", "load_url"), input_formats=("GeoJSON", "GTiff"))
    profile = read_profile(document(), source="terra.yaml", known=known)
    assert profile.input_formats == ("GeoJSON", "GTiff")
    without = read_profile(document(processes=["add"]), source="terra.yaml", known=known)
    assert without.input_formats == ()
    formats = {"output": ["GTiff"], "input": ["GTiff"]}
    chosen = read_profile(document(formats=formats), source="terra.yaml", known=known)
    assert chosen.input_formats == ("GTiff",)
