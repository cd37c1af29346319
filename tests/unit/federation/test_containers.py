"""What can be known of the images without an engine."""

import configparser
import fnmatch
import shlex
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import click
import pytest
import yaml

from scripts.federation.layout import Layout, read_layout
from scripts.federation.main import main

ROOT = Path(__file__).parents[3]
DOCKERFILE = (ROOT / "Dockerfile").read_text()


@pytest.fixture
def services() -> dict[str, Any]:
    document: dict[str, Any] = yaml.safe_load((ROOT / "compose.yaml").read_text())
    return dict(document["services"])


@pytest.fixture
def layout() -> Layout:
    return read_layout(ROOT / "config" / "federation.yaml")


def instructions(name: str) -> list[list[str]]:
    lines = DOCKERFILE.replace("\\\n", " ").splitlines()
    return [shlex.split(line)[1:] for line in lines if line.startswith(f"{name} ")]


def test_every_program_of_the_federation_has_a_container(
    services: dict[str, Any], layout: Layout
) -> None:
    servers = (server.name for server in layout.servers)
    assert set(services) == {"network", layout.monitor.name, *servers}


def test_every_container_runs_its_server(services: dict[str, Any]) -> None:
    assert services["aggregator"]["command"] == ["aggregator"]
    assert services["identity"]["command"] == ["identity"]
    assert services["monitor"]["command"] == ["monitor"]
    for name in ("terra", "aurora", "boreal"):
        assert services[name]["command"] == ["backend", name]


def test_every_port_is_published_on_this_machine_alone(
    services: dict[str, Any], layout: Layout
) -> None:
    ports = {server.address.port for server in layout.servers}
    assert set(services["network"]["ports"]) == {f"127.0.0.1:{port}:{port}" for port in ports}


def test_every_container_shares_the_network(services: dict[str, Any]) -> None:
    shared = {name: s.get("network_mode") for name, s in services.items() if name != "network"}
    assert set(shared.values()) == {"service:network"}


def test_every_backend_is_asked_for_its_health_where_it_listens(
    services: dict[str, Any], layout: Layout
) -> None:
    for server in (*layout.backends, *layout.providers):
        url = services[server.name]["environment"]["HEALTH_URL"]
        assert urlsplit(url).port == server.address.port


def test_the_monitor_writes_where_the_aggregator_reads(services: dict[str, Any]) -> None:
    assert services["monitor"]["volumes"] == services["aggregator"]["volumes"]


def test_only_the_backends_have_the_processing_stack(services: dict[str, Any]) -> None:
    for name in ("network", "aggregator", "monitor"):
        assert services[name]["image"] == "openeo-federation"
        assert services[name]["build"] == {"context": "."}
    setup = configparser.ConfigParser()
    setup.read(ROOT / "setup.cfg")
    for name in ("terra", "aurora", "boreal"):
        assert services[name]["image"] != services["aggregator"]["image"]
        assert services[name]["build"]["args"]["EXTRAS"] in setup["options.extras_require"]


def test_every_build_argument_is_one_of_the_recipe(services: dict[str, Any]) -> None:
    known = {words[0].partition("=")[0] for words in instructions("ARG")}
    given = {key for s in services.values() for key in s.get("build", {}).get("args", {})}
    assert given <= known


def test_every_volume_is_declared(services: dict[str, Any]) -> None:
    declared = yaml.safe_load((ROOT / "compose.yaml").read_text())["volumes"]
    used = {v.partition(":")[0] for s in services.values() for v in s.get("volumes", [])}
    assert used == set(declared)


def copied() -> list[str]:
    sources = [words for words in instructions("COPY") if not words[0].startswith("--from")]
    return [source for words in sources for source in words[:-1]]


def test_what_the_recipe_copies_exists() -> None:
    assert copied()
    for source in copied():
        assert (ROOT / source).exists(), source


def test_what_the_recipe_copies_is_not_ignored() -> None:
    rules = (ROOT / ".dockerignore").read_text().split("\n")
    for source in copied():
        ignored = False
        for rule in (rule for rule in rules if rule and not rule.startswith("#")):
            pattern = rule.removeprefix("!")
            if fnmatch.fnmatch(source, pattern) or source.startswith(f"{pattern}/"):
                ignored = not rule.startswith("!")
        assert not ignored, source


def test_the_image_runs_as_nobody_special_and_tells_its_health() -> None:
    assert instructions("USER") == [["10001"]]
    assert instructions("HEALTHCHECK")


def test_every_option_in_the_environment_exists() -> None:
    given = [word for words in instructions("ENV") for word in words if "OPENEO_FEDERATION" in word]
    assert given
    for word in given:
        name = word.partition("=")[0].removeprefix("OPENEO_FEDERATION_")
        command, _, option = name.lower().partition("_")
        found = main.commands[command]
        assert option in [p.name for p in found.params if isinstance(p, click.Option)]
