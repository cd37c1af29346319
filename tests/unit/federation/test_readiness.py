import sys

import pytest

from scripts.federation.children import Children
from scripts.federation.readiness import NotReady, wait_for, wait_for_members
from scripts.federation.servers import Address, Server
from tests.scenarios.conftest import free_ports

API = """
import http.server, json, sys

class Api(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        if self.path == "/.well-known/openeo":
            body = {"versions": [{"url": "https://public.example/openeo/1.3"}]}
        elif self.path == "/openeo/1.3":
            body = {"federation": {"terra": {"status": "online"}, "aurora": {"status": "offline"}}}
        else:
            body = {}
        self.send_response(200)
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

http.server.HTTPServer(("127.0.0.1", int(sys.argv[1])), Api).serve_forever()
"""


def server(code: str) -> Server:
    (port,) = free_ports(1)
    command = (sys.executable, "-c", code, str(port))
    return Server("north", command, Address("127.0.0.1", port), "the test")


def quiet(name: str, line: str) -> None:
    """Nobody listens."""


def test_a_server_is_ready_when_it_answers() -> None:
    north = server(API)
    with Children(quiet) as children:
        children.start(north)
        wait_for(children, [north], seconds=20)


def test_a_server_that_does_not_answer_in_time_is_named_with_what_it_said() -> None:
    north = server("import time; print('thinking', flush=True); time.sleep(60)")
    with Children(quiet) as children:
        children.start(north)
        with pytest.raises(
            NotReady, match=r"After 1 seconds north did not answer\.(.|\n)*thinking"
        ):
            wait_for(children, [north], seconds=1)


def test_a_server_that_ends_is_not_waited_for() -> None:
    north = server("raise SystemExit('no disk')")
    with Children(quiet) as children:
        children.start(north)
        with pytest.raises(NotReady, match=r"north ended with exit status 1(.|\n)*no disk"):
            wait_for(children, [north], seconds=60)


def test_the_members_are_looked_for_where_the_aggregator_is_reached_from_here() -> None:
    north = server(API)
    with Children(quiet) as children:
        children.start(north)
        wait_for(children, [north], seconds=20)
        wait_for_members(children, north, ["terra"], seconds=5)
        with pytest.raises(NotReady, match="does not see aurora"):
            wait_for_members(children, north, ["terra", "aurora"], seconds=1)
