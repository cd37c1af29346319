"""Large files through the running program, on loopback."""

from __future__ import annotations

import re
import socket
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest
import requests

from tests.fakes.backends import Call, FakeBackend, Reply
from tests.web.test_files import store
from tests.web.test_served import BIG, MEGABYTE, Served, listening


def sized(call: Call) -> dict[str, object]:
    return {"path": call.path.rpartition("/")[2], "size": len(call.body)}


def large(_call: Call) -> Reply:
    piece = b"x" * 65536
    return Reply(200, body=(piece for _ in range(BIG // len(piece))))


@pytest.fixture(scope="module")
def terra() -> FakeBackend:
    return store("terra", **{"PUT /files/*": sized, "GET /files/*": large})


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, terra: FakeBackend) -> Iterator[Served]:
    with ExitStack() as stack:
        url = stack.enter_context(listening(terra))
        found = Served({"terra": url}, tmp_path_factory.mktemp("files"), workers=1)
        try:
            found.wait()
            yield found
        finally:
            status, said = found.end()
    assert status == 0
    assert "Traceback" not in said, said


def peak(served: Served) -> int:
    """Megabytes that a worker has had at most."""
    (worker,) = served.workers()
    status = Path(f"/proc/{worker}/status").read_text()
    return int(re.findall(r"VmHWM:\s+(\d+) kB", status)[0]) // 1024


def test_large_files_pass_in_constant_memory_both_ways(served: Served) -> None:
    url, header = f"{served.url}/openeo/1.3/files/terra/big.bin", served.login()
    answer = requests.put(url, data=b"x" * BIG, headers=header, timeout=60)
    assert (answer.status_code, answer.json()["size"]) == (200, BIG), answer.text
    answer = requests.get(url, headers=header, timeout=60, stream=True)
    assert sum(len(chunk) for chunk in answer.iter_content(MEGABYTE)) == BIG
    assert peak(served) < 110


def test_an_upload_that_its_client_gives_up_is_given_up_at_the_backend(
    served: Served, terra: FakeBackend
) -> None:
    token = served.login()["Authorization"]
    host, port = served.url.removeprefix("http://").split(":")
    head = (
        f"PUT /openeo/1.3/files/terra/half.bin HTTP/1.1\r\nHost: {host}\r\n"
        f"Authorization: {token}\r\nContent-Length: 1000000\r\n\r\n"
    )
    with socket.create_connection((host, int(port)), timeout=20) as client:
        client.sendall(head.encode() + b"x" * 1000)
        client.shutdown(socket.SHUT_WR)
        answer = b""
        while piece := client.recv(65536):
            answer += piece
    assert b" 400 " in answer.split(b"\r\n", 1)[0], answer
    assert b"RequestInvalid" in answer
    assert requests.get(f"{served.url}/health", timeout=9).status_code == 200


def test_a_file_that_breaks_off_does_not_look_whole_and_is_told_in_one_line(
    served: Served, terra: FakeBackend
) -> None:
    def breaking() -> Iterator[bytes]:
        yield b"x" * 1000
        raise OSError("the disk is gone")

    headers = {"Transfer-Encoding": "chunked"}
    terra.answers["GET /files/half.bin"] = Reply(200, headers=headers, body=breaking())
    url = f"{served.url}/openeo/1.3/files/terra/half.bin"
    with pytest.raises(requests.exceptions.ChunkedEncodingError):
        requests.get(url, headers=served.login(), timeout=20)
    # That the log holds no traceback is seen in the end, by the fixture.


def test_a_file_that_a_member_keeps_elsewhere_comes_from_there_without_the_users_token(
    served: Served, terra: FakeBackend
) -> None:
    headers = {"Content-Type": "image/tiff", "Content-Length": "6"}
    pixels = Reply(200, headers=headers, body=[b"pixels"])
    elsewhere = FakeBackend({"GET /bucket/a.tif": pixels}, root="/openeo")
    url, user = f"{served.url}/openeo/1.3/files/terra", served.login()
    with listening(elsewhere) as store:
        for name, location in {
            "a.tif": f"{store}/bucket/a.tif?signature=1",
            "b.tif": "http://10.255.255.1/latest/meta-data",
        }.items():
            terra.answers[f"GET /files/{name}"] = Reply(302, None, {"Location": location})
        answer = requests.get(f"{url}/a.tif", headers=user, timeout=20, allow_redirects=False)
        assert (answer.status_code, answer.content) == (200, b"pixels"), answer.text
        assert answer.headers["Content-Type"] == "image/tiff"
        (call,) = elsewhere.calls
        assert (call.authorization, call.query) == (None, "signature=1")
        refused = requests.get(f"{url}/b.tif", headers=user, timeout=20, allow_redirects=False)
    assert (refused.status_code, refused.json()["code"]) == (502, "BackendFailure")
    assert "private network" in refused.json()["message"]
    (asked, *_) = terra.asked("GET", "/files/a.tif")
    assert asked.authorization is not None
