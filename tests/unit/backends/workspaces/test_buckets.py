"""Buckets of users, at a server that judges signatures and rights."""

from __future__ import annotations

import logging
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import pytest

from backends.addresses import AddressPolicy
from backends.errors import OpenEOError
from backends.workspaces.buckets import PART_BYTES, BucketStorage, Way
from backends.workspaces.places import bucket_place
from backends.workspaces.storage import ChangedError
from tests.fakes.buckets import Account, ObjectStorage

TEXT = "text/plain"
KEYS = {"access_key_id": "A", "secret_access_key": "topsecret"}


def opened(
    storage: ObjectStorage, account: Account, address: str, seconds: float = 20
) -> BucketStorage:
    way = Way(AddressPolicy((), own=(storage.authority,)), seconds, 1)
    place = bucket_place(f"{storage.url}/{address}", "us-east-1")
    return BucketStorage(place, account.parameters(), way)


def test_documents_are_written_read_and_removed_below_the_prefix(storage: ObjectStorage) -> None:
    bucket = opened(storage, storage.bucket("documents"), "documents/of dora")
    assert bucket.read("a/collection.json") is None
    bucket.write("a/collection.json", b"{}", TEXT)
    first = bucket.read("a/collection.json")
    assert first is not None
    assert first.content == b"{}"
    with pytest.raises(ChangedError):
        bucket.write("a/collection.json", b"{1}", TEXT)
    bucket.write("a/collection.json", b"{2}", TEXT, instead_of=first.version)
    with pytest.raises(ChangedError):
        bucket.write("a/collection.json", b"{3}", TEXT, instead_of=first.version)
    assert storage.contents("documents") == {"of dora/a/collection.json": b"{2}"}
    bucket.remove("a/collection.json")
    bucket.remove("a/collection.json")
    assert storage.contents("documents") == {}


def test_files_are_uploaded_in_parts_if_they_are_large(
    storage: ObjectStorage, tmp_path: Path
) -> None:
    bucket = opened(storage, storage.bucket("files"), "files")
    source = tmp_path / "large.tif"
    content = b"".join(bytes([number]) * 2**20 for number in range(PART_BYTES // 2**20 + 1))
    source.write_bytes(content)
    bucket.put("maps/large.tif", source, "image/tiff")
    found = storage.owner("s3").get_object(Bucket="files", Key="maps/large.tif")
    assert found["ContentType"] == "image/tiff"
    assert found["Body"].read() == content
    assert found["ETag"].endswith('-2"')  # as many parts
    assert bucket.holds("maps/large.tif", len(content))
    assert not bucket.holds("maps/large.tif", 1)
    assert not bucket.holds("maps/small.tif", 1)


def test_a_bucket_that_opens_tells_where_it_is(storage: ObjectStorage) -> None:
    state = opened(storage, storage.bucket("ready"), "ready/a").state()
    assert (state.problem, state.url) == ("", f"{storage.url}/ready/a")
    assert state.properties == {"bucket": "ready", "region": "us-east-1"}


def test_wrong_credentials_and_those_of_others_open_nothing(storage: ObjectStorage) -> None:
    own = storage.bucket("closed")
    other = storage.bucket("open-to-olga")
    wrong = Account(own.access_key_id, "not the secret")
    unknown = Account("AKIANOBODY", own.secret_access_key)
    for account in (other, wrong, unknown):
        bucket = opened(storage, account, "closed")
        assert "credentials do not open the bucket 'closed'" in bucket.state().problem
        with pytest.raises(OpenEOError, match=r"^WorkspaceUnavailable: .*credentials") as caught:
            bucket.overwrite("a", b"x", TEXT)
        assert account.secret_access_key not in str(caught.value)
    assert storage.contents("closed") == {}


def test_credentials_of_the_machine_are_never_used(
    storage: ObjectStorage, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = storage.bucket("machine")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", own.access_key_id)
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", own.secret_access_key)
    monkeypatch.setenv("AWS_PROFILE", "there-is-none")
    bucket = opened(storage, Account("", ""), "machine")
    assert "credentials" in bucket.state().problem


def test_no_address_is_asked_that_the_operator_does_not_allow(storage: ObjectStorage) -> None:
    own = storage.bucket("near")
    place = bucket_place(f"{storage.url}/near", "us-east-1")
    for policy in (AddressPolicy(("*",)), AddressPolicy(("*.example.org",), allow_private=True)):
        bucket = BucketStorage(place, own.parameters(), Way(policy, 5, 1))
        with pytest.raises(OpenEOError, match=r"^UrlNotAllowed"):
            bucket.overwrite("a", b"x", TEXT)
    assert storage.contents("near") == {}


@pytest.mark.parametrize(
    ("url", "asked"),
    [
        (
            "https://my-maps.s3.eu-west-3.amazonaws.com/x",
            "'https://my-maps.s3.eu-west-3.amazonaws.com/x/a.json'",
        ),
        ("https://s3.example.org:9000/my-maps/x", "'https://s3.example.org:9000/my-maps/x/a.json'"),
    ],
)
def test_a_bucket_is_asked_at_the_address_that_it_was_registered_with(url: str, asked: str) -> None:
    bucket = BucketStorage(bucket_place(url, "eu-west-3"), KEYS, Way(AddressPolicy(()), 5, 1))
    with pytest.raises(OpenEOError, match=r"^UrlNotAllowed") as caught:
        bucket.overwrite("a.json", b"x", TEXT)
    assert asked in caught.value.message


@contextmanager
def answering(answer: bytes, pause: float = 0) -> Iterator[tuple[str, list[bytes]]]:
    """A server that gives every connection the same answer."""
    asked: list[bytes] = []
    with socket.create_server(("127.0.0.1", 0)) as server:

        def work() -> None:
            while True:
                try:
                    connection, _ = server.accept()
                except OSError:
                    return
                with connection, suppress(OSError):  # who has heard enough may go
                    asked.append(connection.recv(65536))
                    time.sleep(pause)
                    connection.sendall(answer)

        threading.Thread(target=work, daemon=True).start()
        yield f"127.0.0.1:{server.getsockname()[1]}", asked
        server.shutdown(socket.SHUT_RDWR)


def at(authority: str, seconds: float = 5) -> BucketStorage:
    place = bucket_place(f"http://{authority}/maps", "us-east-1")
    way = Way(AddressPolicy((), own=(authority,)), seconds, 1)
    return BucketStorage(place, KEYS, way)


@pytest.mark.parametrize("status", [b"301 Moved", b"302 Found", b"307 Temporary", b"400 Bad"])
@pytest.mark.parametrize("region", [b"", b"x-amz-bucket-region: eu-west-3\r\n"])
def test_no_redirect_is_followed(status: bytes, region: bytes) -> None:
    with answering(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n") as (elsewhere, asked):
        location = f"Location: http://{elsewhere}/maps/a\r\n".encode()
        location += region
        moved = b"HTTP/1.1 " + status + b"\r\n" + location + b"Content-Length: 0\r\n\r\n"
        with answering(moved) as (authority, _):
            with pytest.raises(OpenEOError, match="WorkspaceUnavailable"):
                at(authority).overwrite("a", b"x", TEXT)
            assert at(authority).state().problem
    assert asked == []


@pytest.mark.parametrize(
    "answer",
    [
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n<html",
        b"HTTP/1.1 500 No\r\nContent-Length: 9\r\n\r\n<html></b>",
        b"HTTP/1.1 403 No\r\nContent-Length: 7\r\n\r\nnothing",
        b"HTTP/1.1 404 No\r\nContent-Length: 7\r\n\r\n<Error>",
        b"nonsense\r\n\r\n",
        b"",
    ],
)
def test_whatever_a_server_answers_is_an_error_of_openeo(answer: bytes) -> None:
    with answering(answer) as (authority, _):
        bucket = at(authority)
        for attempt in (lambda: bucket.put("a", Path(__file__), TEXT), bucket.state):
            try:
                attempt()
            except OpenEOError as error:
                assert error.code == "WorkspaceUnavailable"
                assert "topsecret" not in error.message


def test_a_server_that_says_nothing_is_not_waited_for_longer_than_the_deadline() -> None:
    with answering(b"", pause=30) as (authority, _):
        begun = time.monotonic()
        problem = at(authority, seconds=0.5).state().problem
        assert time.monotonic() - begun < 5
    assert "takes too long" in problem


def test_an_endless_answer_is_not_read_to_its_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("backends.workspaces.buckets.DOCUMENT_BYTES", 1000)
    answer = b"HTTP/1.1 200 OK\r\nContent-Length: 1001\r\n\r\n" + b"x" * 1001
    refused = pytest.raises(OpenEOError, match=r"ProcessParameterInvalid.*'a.json' is larger")
    with answering(answer) as (authority, _), refused:
        at(authority).read("a.json")


def test_no_log_holds_a_secret(storage: ObjectStorage, caplog: pytest.LogCaptureFixture) -> None:
    own = storage.bucket("logged")
    with caplog.at_level(logging.DEBUG):
        bucket = opened(storage, own, "logged")
        bucket.overwrite("a", b"x", TEXT)
        opened(storage, Account(own.access_key_id, "wrong-secret"), "logged").state()
    assert own.secret_access_key not in caplog.text
    assert "wrong-secret" not in caplog.text
