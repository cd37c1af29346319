"""One whole federation for all scenarios: real programs on ports of their own."""

import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import requests
from openeo.rest.connection import Connection, connect

from aggregator.usecases.standings import LOOK_SECONDS
from scripts.federation.children import Children, wait_until
from scripts.federation.layout import Layout, moved, read_layout, write
from scripts.federation.readiness import wait_for
from scripts.federation.up import start
from tests.fakes.buckets import object_storage
from tests.scenarios.conforming import holds

CONFIG = Path(__file__).parents[2] / "config" / "federation.yaml"
QUICK = {"probe_interval": 0.5, "offline_probe_interval": 0.5}
"""Backends that come and go are noticed sooner than an operator would want."""
LEARNED = 2 * LOOK_SECONDS
"""Seconds within which all workers know what one of them knows, of probes or of decisions."""


class Federation:
    """The local federation, running; its backends can be ended and started again."""

    def __init__(self, layout: Layout, children: Children, lines: list[str]) -> None:
        self.layout = layout
        self.lines = lines
        self._children = children

    @property
    def url(self) -> str:
        return self.layout.url

    def backend_url(self, name: str) -> str:
        """The backend's versioned API URL."""
        return str(self.layout.document["backends"][name]["url"])

    def connect(self, user: str = "alice") -> Connection:
        """The ordinary client, logged in through the aggregator; it shows each error at once.

        Each answer that it gets is held against the specification of the API.
        """
        connection = connect(self.url, retry=False)
        connection.session.hooks["response"].append(holds)
        connection.authenticate_basic(user, user)
        return connection

    def members(self) -> dict[str, Any]:
        """Each member's entry in the capabilities."""
        api = requests.get(f"{self.url}/.well-known/openeo", timeout=10).json()["versions"][0]
        return dict(requests.get(api["url"], timeout=10).json()["federation"])

    def kill(self, name: str) -> None:
        """Ends the server at once, as a crash would."""
        self._children.kill([name])

    def start(self, name: str) -> None:
        """Starts the server again and waits until it answers."""
        server = self.layout.server(name)
        self._children.start(server)
        wait_for(self._children, [server], seconds=60)

    def rotate_key(self) -> None:
        """Lets the provider of identities sign with its next key."""
        command = [*self.layout.server("identity").command, "--rotate-key"]
        subprocess.run(command, check=True, timeout=60, capture_output=True)

    def until(self, condition: Callable[[], bool], seconds: float = 60) -> None:
        """Returns when the condition is true."""
        assert wait_until(condition, seconds=seconds), "it did not come true in time"

    @contextmanager
    def without(self, name: str) -> Iterator[None]:
        """Within this context the backend is down, and known to be; afterwards it is back."""
        self.kill(name)
        try:
            self.wait_for_status(name, "offline")
            yield
        finally:
            self.start(name)
            self.wait_for_status(name, "online")

    def wait_for_status(self, name: str, status: str) -> None:
        """Returns when every worker of the aggregator says so."""
        self.until_all_say(lambda: self.members()[name].get("status", "online") == status)

    def until_all_say(self, condition: Callable[[], bool], seconds: float = 60) -> None:
        """Returns when it is true of every worker of the aggregator.

        Which worker answers is not ours to choose, and it may be the same one each time: so it has
        to be true for longer than one worker can take to learn what another knows.
        """
        since: list[float] = []

        def lasting() -> bool:
            if not condition():
                since.clear()
            elif not since:
                since.append(time.monotonic())
            return bool(since) and time.monotonic() - since[0] > LEARNED

        self.until(lasting, seconds)


def free_ports(count: int) -> list[int]:
    """Ports that are free now."""
    with ExitStack() as stack:
        sockets = [stack.enter_context(socket.create_server(("127.0.0.1", 0))) for _ in "x" * count]
        return [int(s.getsockname()[1]) for s in sockets]


def layout_for_tests(directory: Path) -> Layout:
    """The local default on free ports, with all that it stores in that directory."""
    layout = read_layout(CONFIG, data=directory / "data")
    names = [server.name for server in layout.servers]
    ports = dict(zip(names, free_ports(len(names)), strict=True))
    there = moved(layout, port=lambda name, _: ports[name])
    document = {**there.document, "upstream": QUICK}
    identity = there.identity
    assert identity is not None
    patient = {**identity.document, "lifetimes": {"device_interval": 1}}
    profiles = dict(there.profiles)
    storage = {"folder": {}, "s3": {"hosts": [], "own": [object_storage().authority]}}
    terra = profiles["terra"]
    profiles["terra"] = replace(terra, document={**terra.document, "workspaces": storage})
    there = replace(
        there,
        document=document,
        identity=replace(identity, document=patient),
        profiles=profiles,
    )
    return write(there, directory / "configuration")


@pytest.fixture(scope="session")
def federation(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Federation]:
    lines: list[str] = []
    layout = layout_for_tests(tmp_path_factory.mktemp("federation"))
    with Children(lambda name, line: lines.append(f"{name} | {line}")) as children:
        try:
            start(children, layout)
        except Exception as error:
            error.add_note("\n".join(lines[-50:]))
            raise
        yield Federation(layout, children, lines)
