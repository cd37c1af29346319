"""`openeo-federation explain --url`: what a running federation is asked."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, ClassVar

import pytest
from click.testing import CliRunner, Result

from scripts.federation.main import main

PROCESS = {
    "process_graph": {
        "add1": {"process_id": "add", "arguments": {"x": 1, "y": 2}, "result": True},
    }
}


class Validating(BaseHTTPRequestHandler):
    """Finds nothing wrong, and remembers what it was sent."""

    sent: ClassVar[list[Any]] = []
    why = (
        "This process runs on terra: 2 backends can, and it is cheapest: 1 credits; next is "
        "aurora: 2 credits. | terra chosen (cheapest: 1 credits; next is aurora: 2 credits) | "
        "aurora able, choice number 2 | boreal cannot run it: | "
        "- takes no new work: it is excluded; see there"
    )

    def do_GET(self) -> None:
        self.send_error(404)

    def do_POST(self) -> None:
        self.sent.append(json.loads(self.rfile.read(int(self.headers["Content-Length"]))))
        answer = b'{"errors": [], "federation:backends": ["terra"]}'
        self.send_response(200)
        self.send_header("OpenEO-Federation-Routing", self.why)
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    def log_message(self, *_words: object) -> None:
        """Stay silent."""


@pytest.fixture
def url() -> Iterator[str]:
    Validating.sent.clear()
    with ThreadingHTTPServer(("127.0.0.1", 0), Validating) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()


def explained(tmp_path: Path, url: str, body: dict[str, Any], *options: str) -> Result:
    file = tmp_path / "request.json"
    file.write_text(json.dumps(body))
    return CliRunner().invoke(main, ["explain", str(file), "--url", url, *options])


@pytest.mark.parametrize(
    "beside",
    [
        {"federation:backend": "terra"},
        {"federation:force-backend": "terra"},
        {"job_options": {"federation:backend": "terra", "memory": "2g"}, "title": "Sum"},
    ],
)
def test_a_federation_is_told_what_the_request_chooses(
    tmp_path: Path, url: str, beside: dict[str, Any]
) -> None:
    shown = explained(tmp_path, url, {"process": PROCESS, **beside}, "--policy", "cheapest")
    assert shown.exit_code == 0, shown.output
    choices = {"federation:backend": "terra", "federation:policy": "cheapest"}
    assert Validating.sent == [{**PROCESS, **choices}]


def test_a_choice_of_two_backends_at_once_is_refused_in_words(tmp_path: Path, url: str) -> None:
    body = {"process": PROCESS, "federation:backend": "terra", "options": {}}
    body["options"] = {"federation:backend": "aurora"}
    shown = explained(tmp_path, url, body)
    assert shown.exit_code == 2
    assert shown.output.startswith("NoBackendForProcess: ")
    assert "'terra'" in shown.output and "'aurora'" in shown.output
    assert Validating.sent == []


def test_what_is_malformed_is_told_without_asking(tmp_path: Path, url: str) -> None:
    calls_itself = {"a": {"process_id": "add", "arguments": {"x": {"from_node": "a"}, "y": 1}}}
    shown = explained(tmp_path, url, {"process": {"process_graph": calls_itself}})
    assert shown.exit_code == 2, shown.output
    assert shown.output.startswith("ProcessGraphInvalid: ")
    assert Validating.sent == []


def test_its_explanation_is_laid_out_in_lines(tmp_path: Path, url: str) -> None:
    shown = explained(tmp_path, url, PROCESS)
    assert shown.output == (
        "It can run on: terra.\n"
        "\n"
        "This process runs on terra: 2 backends can, and it is cheapest: 1 credits; next is "
        "aurora: 2 credits.\n"
        "  terra chosen (cheapest: 1 credits; next is aurora: 2 credits)\n"
        "  aurora able, choice number 2\n"
        "  boreal cannot run it:\n"
        "      - takes no new work: it is excluded; see there\n"
    )


def test_an_address_where_no_federation_is_is_told(
    tmp_path: Path, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Validating, "do_POST", lambda self: self.send_error(501))
    shown = explained(tmp_path, url, PROCESS)
    assert (shown.exit_code, shown.output) == (
        2,
        f"{url} did not answer as an openEO federation does: POST {url}/validation is answered "
        "with 501 and no JSON\n",
    )
