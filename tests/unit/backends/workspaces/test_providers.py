"""What users say to get a workspace."""

from __future__ import annotations

from typing import Any

import pytest

from backends.addresses import AddressPolicy
from backends.errors import OpenEOError
from backends.workspaces.configuration import Folders, Offer
from backends.workspaces.providers import offered, read_workspace

HOST = "203.0.113.7:9000"
BOTH = Offer(Folders(), AddressPolicy((), own=(HOST,)))
KEYS = {"access_key_id": "AKIA1", "secret_access_key": "verysecret"}
BUCKET = {
    "intent": "register",
    "type": "S3",
    "url": f"https://{HOST}/maps",
    "parameters": KEYS,
}


def read(body: dict[str, Any], offer: Offer = BOTH) -> Any:
    return read_workspace(body, "alice", offer, most_bytes=1000)


def refused(body: dict[str, Any], offer: Offer = BOTH) -> str:
    with pytest.raises(OpenEOError) as caught:
        read(body, offer)
    assert "verysecret" not in str(caught.value)
    return str(caught.value)


def test_only_what_the_profile_offers_is_offered() -> None:
    assert list(offered(BOTH)) == ["folder", "S3"]
    assert list(offered(Offer(Folders()))) == ["folder"]
    assert list(offered(Offer(buckets=AddressPolicy()))) == ["S3"]


def test_a_folder_is_created_whatever_the_case_of_its_name() -> None:
    made = read({"intent": "create", "type": "FOLDER", "title": "Maps"})
    assert (made.provider, made.title, made.quota, made.user) == ("folder", "Maps", 1000, "alice")
    assert made.id.startswith("w-")


def test_without_a_type_the_first_that_can_be_created_is_taken() -> None:
    assert read({"intent": "create"}).provider == "folder"
    assert read({"intent": "create", "type": None}).provider == "folder"
    only_buckets = Offer(buckets=AddressPolicy())
    assert refused({"intent": "create"}, only_buckets).startswith("WorkspaceProviderUnsupported")


def test_a_quota_may_be_smaller_than_the_backends_and_not_larger() -> None:
    assert read({"intent": "create", "quota": 10}).quota == 10
    assert read({"intent": "create", "quota": 10**30}).quota == 1000
    for wrong in (True, "1", -1, 1.5):
        assert "'quota'" in refused({"intent": "create", "quota": wrong})


def test_a_bucket_is_registered_with_its_credentials() -> None:
    made = read({**BUCKET, "type": "s3"})
    assert (made.provider, made.secrets) == ("S3", KEYS)
    assert made.place == {
        "endpoint": f"https://{HOST}",
        "bucket": "maps",
        "prefix": "",
        "region": "us-east-1",
        "virtual": "",
    }
    assert "verysecret" not in repr(made)
    assert read({**BUCKET, "parameters": {**KEYS, "region": "eu-1"}}).place["region"] == "eu-1"


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"intent": "steal"}, "RequestInvalid: 'intent'"),
        ({"intent": ["create"]}, "RequestInvalid: 'intent'"),
        ({"intent": "create"}, "WorkspaceProviderUnsupported: With the intent 'create'"),
        ({"type": "Azure"}, "WorkspaceProviderUnsupported"),
        ({"type": {"a": 1}}, "WorkspaceProviderUnsupported"),
        ({"type": None}, "WorkspaceProviderUnsupported"),
        ({"title": 1}, "RequestInvalid: 'title'"),
        ({"url": None}, "RequestInvalid: 'url'"),
        ({"url": "https://" + "a" * 2000}, "RequestInvalid: 'url'"),
        ({"url": f"https://{HOST}/No"}, "RequestInvalid: 'url' cannot be used"),
        ({"url": "https://127.0.0.1:22/maps"}, "UrlNotAllowed"),
        ({"url": "https://169.254.169.254/maps"}, "UrlNotAllowed"),
        ({"parameters": []}, "WorkspaceParameterInvalid: The parameter 'access_key_id' is missing"),
        ({"parameters": "verysecret"}, "RequestInvalid: 'parameters'"),
        ({"parameters": {**KEYS, "profile": "x"}}, "WorkspaceParameterInvalid"),
        ({"parameters": {**KEYS, "region": "us\r\nX: verysecret"}}, "WorkspaceParameterInvalid"),
        ({"parameters": {**KEYS, "access_key_id": "a\r\nb"}}, "WorkspaceParameterInvalid"),
        (
            {"parameters": {**KEYS, "secret_access_key": ["verysecret"]}},
            "WorkspaceParameterInvalid",
        ),
        ({"parameters": {**KEYS, "session_token": "x" * 4097}}, "WorkspaceParameterInvalid"),
    ],
)
def test_what_is_wrong_is_named_and_no_secret_repeated(changes: dict[str, Any], told: str) -> None:
    assert refused({**BUCKET, **changes}).startswith(told)


def test_a_bucket_is_reached_without_encryption_only_where_the_operator_names_its_host() -> None:
    plain = {**BUCKET, "url": f"http://{HOST}/maps"}
    assert read(plain).place["endpoint"] == f"http://{HOST}"
    anywhere = Offer(buckets=AddressPolicy(("*",)))
    assert "https only" in refused({**BUCKET, "url": "http://93.184.215.14/maps"}, anywhere)
