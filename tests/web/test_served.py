"""The aggregator as a program, in front of scripted backends on loopback."""

from __future__ import annotations

import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import pytest
import requests
import yaml

from tests.fakes import servers
from tests.fakes.backends import Call, FakeBackend, RawServer, Reply, says
from tests.web.site import backend, basic, graph

MEGABYTE = 1024 * 1024
BIG = 100 * MEGABYTE
PATIENCE = 100.0
"""Seconds for what takes one on a machine that has nothing else to do."""
UNHURRIED = {
    "connect_timeout": PATIENCE,
    "read_timeout": PATIENCE,
    "metadata_deadline": PATIENCE,
    "probe_deadline": PATIENCE,
    "request_deadline": PATIENCE,
    "first_answer_deadline": PATIENCE,
}
"""No member is taken for one that is away because the machine is busy."""


@contextmanager
def listening(app: FakeBackend) -> Iterator[str]:
    """The app on a port of its own."""
    with servers.served(app) as url:
        yield f"{url}/openeo"


class Served:
    """The running program."""

    def __init__(
        self, urls: Mapping[str, str], directory: Path, log: Path | None = None, **more: Any
    ) -> None:
        with socket.create_server(("127.0.0.1", 0)) as free:
            port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{port}"
        settings = {
            "bind": f"127.0.0.1:{port}",
            "public_url": self.url,
            "data_directory": str(directory / "data"),
            "workers": 2,
            "threads": 16,
            "backends": {n: {"url": u, "basic_authentication": True} for n, u in urls.items()},
            "upstream": UNHURRIED,
            **more,
        }
        file = directory / "federation.yaml"
        file.write_text(yaml.safe_dump(settings, sort_keys=False))
        program = f"import sys; from aggregator.serve import serve; sys.exit(serve({str(file)!r}))"
        self._log = log or directory / "served.log"
        with self._log.open("wb") as stderr:  # a pipe that nobody reads fills up
            self.process = subprocess.Popen(
                [sys.executable, "-c", program], stderr=stderr, start_new_session=True
            )

    def wait(self) -> None:
        """Returns once it answers."""
        end = time.monotonic() + PATIENCE
        while time.monotonic() < end:
            try:
                if requests.get(f"{self.url}/health", timeout=PATIENCE).status_code == 200:
                    return
            except requests.RequestException:
                assert self.process.poll() is None, self._log.read_text()
            time.sleep(0.05)
        raise AssertionError("it does not answer")

    def login(self, user: str = "alice") -> dict[str, str]:
        """The header of a user."""
        answer = requests.get(
            f"{self.url}/credentials/basic", headers=basic(user, user), timeout=PATIENCE
        )
        return {"Authorization": f"Bearer basic//{answer.json()['access_token']}"}

    def workers(self) -> list[int]:
        """The process ids of the workers."""
        pid = self.process.pid
        children = Path(f"/proc/{pid}/task/{pid}/children").read_text()
        return [int(child) for child in children.split()]

    def end(self, number: signal.Signals = signal.SIGTERM) -> tuple[int, str]:
        """The exit status, and what it said."""
        self.process.send_signal(number)
        return self.process.wait(PATIENCE), self._log.read_text()


def size_of_body(call: Call) -> Reply:
    kilobyte = b"x" * 65536
    return Reply(200, body=(kilobyte for _ in range(BIG // 65536)))


def echo(call: Call) -> Any:
    return {"user_id": re.sub(r".*/", "", call.authorization or "nobody"), "links": []}


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    answers = {"POST /result": size_of_body, "GET /me": echo}
    with ExitStack() as stack:
        urls = {
            name: stack.enter_context(listening(backend(name, answers=answers)))
            for name in ("terra", "aurora")
        }
        found = Served(urls, tmp_path_factory.mktemp("served"))
        try:
            found.wait()
            yield found
        finally:
            status, said = found.end()
    assert status == 0
    assert "Traceback" not in said, said


def test_a_large_result_passes_in_constant_memory(served: Served) -> None:
    answer = requests.post(
        f"{served.url}/openeo/1.3/result",
        json={"process": graph()},
        headers=served.login(),
        timeout=60,
        stream=True,
    )
    assert sum(len(chunk) for chunk in answer.iter_content(MEGABYTE)) == BIG
    for worker in served.workers():
        status = Path(f"/proc/{worker}/status").read_text()
        peak = int(re.findall(r"VmHWM:\s+(\d+) kB", status)[0]) // 1024
        assert peak < 110, f"{peak} MB"


def test_many_users_at_once_never_get_each_others_answers(served: Served) -> None:
    users = {name: served.login(name) for name in (f"user{n}" for n in range(12))}

    def me(session: requests.Session, user: dict[str, str]) -> Any:
        return session.get(f"{served.url}/me", headers=user, timeout=30).json()

    def ask(name: str) -> list[str]:
        with requests.Session() as session:
            return [
                member["user_id"]
                for _ in range(12)
                for member in me(session, users[name])["federation:users"].values()
            ]

    with ThreadPoolExecutor(len(users)) as pool:
        found = dict(zip(users, pool.map(ask, users), strict=True))
    assert {name: set(ids) for name, ids in found.items()} == {
        name: {f"{name}-at-127"} for name in users
    }


def test_a_kept_connection_serves_many_requests(served: Served) -> None:
    with requests.Session() as session:
        for _ in range(20):
            assert session.get(f"{served.url}/", timeout=30).status_code == 200


def test_a_large_token_fits_into_the_header(served: Served) -> None:
    token = "A" * 20_000
    headers = {"Authorization": f"Bearer basic//{token}"}
    answer = requests.get(f"{served.url}/jobs", headers=headers, timeout=30)
    assert answer.json()["code"] == "TokenInvalid"


def test_a_result_that_breaks_off_does_not_look_whole(tmp_path: Path) -> None:
    head = b"HTTP/1.1 200 OK\r\nContent-Type: image/tiff\r\nContent-Length: 1000000\r\n\r\n"
    whole = backend("terra")
    with RawServer(says(head, b"x" * 1000)) as broken, listening(whole) as url:
        served = Served({"terra": url}, tmp_path)
        try:
            served.wait()
            user = served.login()
            redirect = {"Location": f"{broken.url}/result"}
            whole.answers["POST /result"] = Reply(307, None, redirect)
            refused = requests.post(
                f"{served.url}/result", json={"process": graph()}, headers=user, timeout=9
            )
            assert refused.json()["code"] == "BackendFailure"

            def breaking() -> Iterator[bytes]:
                yield b"x" * 1000
                raise OSError("the disk is gone")

            whole.answers["POST /result"] = Reply(
                200, body=breaking(), headers={"Transfer-Encoding": "chunked"}
            )
            with pytest.raises(requests.exceptions.ChunkedEncodingError):
                requests.post(
                    f"{served.url}/result", json={"process": graph()}, headers=user, timeout=9
                )
        finally:
            served.end()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_cleanly_when_told_to_and_leaves_nothing_running(
    tmp_path: Path, number: signal.Signals
) -> None:
    with listening(backend("terra")) as url:
        served = Served({"terra": url}, tmp_path)
        served.wait()
        workers = served.workers()
        started = time.monotonic()
        status, said = served.end(number)
    assert status == 0, said
    # A worker that is only just starting is waited for.
    assert time.monotonic() - started < 30
    assert not any(Path(f"/proc/{worker}").exists() for worker in workers)
