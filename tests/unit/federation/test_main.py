import socket
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import ClassVar

import pytest
import yaml
from click.testing import CliRunner

from scripts.federation.layout import PROJECT
from scripts.federation.main import main

TERRA = yaml.safe_load((PROJECT / "config/backends/terra.yaml").read_text())

HEAVY = {"aggregator", "backends", "flask", "numpy", "openeo", "requests", "xarray", "yaml"}


@pytest.fixture
def runner() -> CliRunner:
    return CliRunner()


def test_help_imports_nothing_heavy() -> None:
    code = (
        "import sys\n"
        "from scripts.federation.main import main\n"
        "try: main(['up', '--help'])\n"
        "except SystemExit: print('modules', *sys.modules)"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    imported = {name.partition(".")[0] for name in shown.stdout.split("modules")[1].split()}
    assert "click" in imported
    assert not imported & HEAVY


@pytest.mark.parametrize(
    "command",
    [
        "up",
        "demo",
        "aggregator",
        "backend",
        "identity",
        "monitor",
        "availability",
        "check-config",
        "explain",
        "check",
        "simulate",
        "tile",
    ],
)
def test_every_command_has_help(runner: CliRunner, command: str) -> None:
    shown = runner.invoke(main, [command, "--help"])
    assert shown.exit_code == 0
    assert shown.output.startswith(f"Usage: main {command} ")


def test_every_mistake_of_a_configuration_is_named_with_its_key(
    runner: CliRunner, tmp_path: Path
) -> None:
    (tmp_path / "north.yaml").write_text("id: north\napi_version: 0.4.2\n")
    file = tmp_path / "federation.yaml"
    file.write_text(
        "titel: Mine\n"
        "bind: nowhere\n"
        "backends:\n"
        "  north: {url: 'ftp://north.example'}\n"
        "  South: {url: 'https://south.example'}\n"
    )
    shown = runner.invoke(main, ["check-config", str(file)])
    assert shown.exit_code == 2
    for key in ("titel", "bind", "backends.north.url", "backends.South"):
        assert f"{file}: {key}: " in shown.output


def test_mistakes_of_the_profiles_are_named_too(runner: CliRunner, tmp_path: Path) -> None:
    profile = tmp_path / "north.yaml"
    profile.write_text("id: north\napi_version: 0.4.2\n")
    file = tmp_path / "federation.yaml"
    file.write_text("backends: {north: {url: 'http://127.0.0.1:8101', simulated: north.yaml}}\n")
    shown = runner.invoke(main, ["check-config", str(file)])
    assert shown.exit_code == 2
    assert f"{profile}: api_version: '0.4.2' is not possible" in shown.output
    assert f"{profile}: title: is missing" in shown.output


def test_mistakes_of_the_configuration_do_not_hide_those_of_a_profile(
    runner: CliRunner, tmp_path: Path
) -> None:
    profile = tmp_path / "north.yaml"
    profile.write_text("id: north\napi_version: 0.4.2\n")
    file = tmp_path / "federation.yaml"
    file.write_text("titel: Mine\nbackends: {north: {simulated: north.yaml}}\n")
    shown = runner.invoke(main, ["check-config", str(file)])
    assert shown.exit_code == 2
    assert f"{file}: titel: " in shown.output
    assert f"{profile}: api_version: " in shown.output


@pytest.mark.parametrize("command", ["aggregator", "backend"])
def test_a_server_whose_port_is_taken_ends_at_once_and_says_so(
    runner: CliRunner, tmp_path: Path, command: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        taken = f"127.0.0.1:{listener.getsockname()[1]}"
        profile = tmp_path / "north.yaml"
        profile.write_text(yaml.safe_dump({**TERRA, "bind": taken}))
        file = tmp_path / "federation.yaml"
        north = f"{{url: 'http://{taken}/openeo/1.3', simulated: north.yaml}}"
        names = ["north"] if command == "backend" else []
        bind = "127.0.0.1:1" if names else taken
        file.write_text(f"bind: {bind}\nbackends: {{north: {north}}}\n")
        shown = runner.invoke(main, [command, *names, "--config", str(file)])
    assert shown.exit_code == 1
    of = names[0] if names else command
    assert f"{taken} of {of} is taken by another program" in shown.output


class Silent(BaseHTTPRequestHandler):
    """Has nothing to tell but remembers that it was asked."""

    asked: ClassVar[list[str]] = []

    def do_GET(self) -> None:
        self.asked.append(self.path)
        self.send_error(404)

    def log_message(self, *_words: object) -> None:
        """Stay silent."""


def test_backends_are_asked_where_they_were_moved_to(
    runner: CliRunner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with ThreadingHTTPServer(("127.0.0.1", 0), Silent) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        written = f"127.0.0.1:{server.server_port - 23}"
        (tmp_path / "north.yaml").write_text(f"bind: {written}\n")
        file = tmp_path / "federation.yaml"
        north = f"{{url: 'http://{written}/openeo/1.3', simulated: north.yaml}}"
        file.write_text(f"backends: {{north: {north}}}\n")
        monkeypatch.chdir(tmp_path)
        shown = runner.invoke(main, ["check", "--port-offset", "23", "--config", str(file)])
        server.shutdown()
    assert shown.exit_code == 1
    assert any(path.startswith("/openeo/1.3") for path in Silent.asked)


@pytest.mark.parametrize("name", ["federation", "copernicus"])
def test_the_configurations_that_come_along_have_no_mistakes(runner: CliRunner, name: str) -> None:
    shown = runner.invoke(main, ["check-config", f"config/{name}.yaml"])
    assert (shown.exit_code, shown.output) == (0, f"config/{name}.yaml: no mistakes\n")


def test_two_servers_at_one_address_are_a_mistake(runner: CliRunner, tmp_path: Path) -> None:
    terra = Path("config/backends/terra.yaml").read_text()
    (tmp_path / "terra.yaml").write_text(terra)
    file = tmp_path / "federation.yaml"
    file.write_text(
        "bind: 127.0.0.1:8101\n"
        "backends: {terra: {url: 'http://127.0.0.1:8101/openeo/1.3', simulated: terra.yaml}}\n"
    )
    shown = runner.invoke(main, ["check-config", str(file)])
    assert shown.exit_code == 2
    assert "aggregator and terra are both to listen at 127.0.0.1:8101" in shown.output


def test_a_backend_that_would_be_looked_for_elsewhere_is_a_mistake(
    runner: CliRunner, tmp_path: Path
) -> None:
    (tmp_path / "terra.yaml").write_text(Path("config/backends/terra.yaml").read_text())
    file = tmp_path / "federation.yaml"
    file.write_text(
        "backends: {terra: {url: 'http://127.0.0.1:8109/openeo/1.3', simulated: terra.yaml}}\n"
    )
    shown = runner.invoke(main, ["check-config", str(file)])
    assert shown.exit_code == 2
    assert "is to be found at http://127.0.0.1:8101/openeo/1.3" in shown.output


def test_a_configuration_with_mistakes_starts_nothing(runner: CliRunner, tmp_path: Path) -> None:
    file = tmp_path / "federation.yaml"
    file.write_text("backends: {}\n")
    shown = runner.invoke(main, ["up", "--config", str(file)])
    assert shown.exit_code == 2
    assert f"{file}: backends: must name the members" in shown.output


def test_an_unknown_backend_is_named_with_the_known_ones(runner: CliRunner) -> None:
    shown = runner.invoke(main, ["backend", "luna"])
    assert shown.exit_code == 2
    assert "no backend 'luna'; it simulates: terra, aurora, boreal" in shown.output


def test_a_missing_configuration_is_a_sentence(runner: CliRunner) -> None:
    shown = runner.invoke(main, ["up", "--config", "nowhere.yaml"])
    assert shown.exit_code == 2
    assert "'nowhere.yaml' does not exist" in shown.output


def test_a_directory_that_cannot_be_made_is_a_sentence(runner: CliRunner, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no directory")
    shown = runner.invoke(main, ["up", "--data", str(tmp_path / "file" / "data")])
    assert shown.exit_code == 1
    assert shown.output == f"Error: {tmp_path}/file/data/configuration/all: Not a directory\n"


def test_data_that_cannot_be_kept_are_a_sentence(runner: CliRunner, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no directory")
    file = tmp_path / "federation.yaml"
    file.write_text(
        f"data_directory: {tmp_path / 'file' / 'data'}\n"
        "backends: {far: {url: 'https://far.example'}}\n"
    )
    shown = runner.invoke(main, ["aggregator", "--config", str(file)])
    assert shown.exit_code == 2
    assert "cannot be read or made" in shown.output


def test_an_installation_without_the_processing_stack_is_a_sentence(tmp_path: Path) -> None:
    """As in the aggregator's image: the libraries of the extras are not there."""
    code = (
        "import sys\n"
        "sys.modules['pystac'] = sys.modules['openeo_processes_dask'] = None\n"
        "from scripts.federation.main import main\n"
        "main(['backend', 'terra'])"
    )
    command = [sys.executable, "-c", code]
    ended = subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)
    assert ended.returncode == 1
    assert (
        "In a clone of openeo-federation install it with: pip install '.[backends,demo]'"
        in ended.stderr
    )
    assert "Traceback" not in ended.stderr


def test_a_command_without_a_configuration_says_how_to_name_one(
    runner: CliRunner, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("scripts.federation.layout.PROJECT", tmp_path)
    shown = runner.invoke(main, ["up"])
    assert shown.exit_code == 2
    said = "There is no config/federation.yaml here; name a configuration with --config.\n"
    assert shown.output == said


def test_a_federation_that_does_not_run_cannot_be_asked(runner: CliRunner, tmp_path: Path) -> None:
    file = tmp_path / "graph.json"
    file.write_text('{"add": {"process_id": "add", "arguments": {"x": 1, "y": 2}, "result": true}}')
    with socket.socket() as nobody:  # bound, and nobody listens
        nobody.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{nobody.getsockname()[1]}"
        shown = runner.invoke(main, ["explain", str(file), "--url", url])
    assert shown.exit_code == 2
    assert shown.output == f"{url} cannot be reached. Does a federation run there?\n"


NOBODY = (
    "No backend of this configuration answers. Is the federation up? What was started with "
    "--port-offset is asked with the same --port-offset."
)


def test_where_nobody_can_be_asked_no_notes_are_said_to_be_all(
    runner: CliRunner, tmp_path: Path
) -> None:
    file = tmp_path / "federation.yaml"
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{nobody.getsockname()[1]}/openeo/1.2"
        file.write_text(yaml.safe_dump({"backends": {"terra": {"url": url}}}))
        shown = runner.invoke(main, ["check", "--config", str(file)])
    assert shown.exit_code == 1
    assert shown.output.startswith("terra is offline: ")
    assert shown.output.endswith(f"{NOBODY}\n")
    assert "No notes" not in shown.output


def test_where_nobody_can_be_asked_no_division_is_looked_for(
    runner: CliRunner, tmp_path: Path
) -> None:
    graph, file = tmp_path / "graph.json", tmp_path / "federation.yaml"
    graph.write_text(
        '{"add": {"process_id": "add", "arguments": {"x": 1, "y": 2}, "result": true}}'
    )
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{nobody.getsockname()[1]}/openeo/1.2"
        file.write_text(yaml.safe_dump({"backends": {"terra": {"url": url}}}))
        shown = runner.invoke(main, ["explain", str(graph), "--config", str(file)])
    assert shown.exit_code == 1
    assert "terra is offline" in shown.output
    assert "The answer would be 503 BackendUnavailable" in shown.output
    assert "It cannot be split" not in shown.output
    assert NOBODY in shown.output
