"""`openeo-federation explain` and `check` on the running federation."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from scripts.federation.main import main
from tests.scenarios.conftest import Federation

AREA = {"west": 11.04, "south": 46.38, "east": 11.05, "north": 46.39}


def load(collection: str) -> dict[str, Any]:
    extent = ["2024-07-01", "2024-07-08"]
    arguments = {"id": collection, "spatial_extent": AREA, "temporal_extent": extent}
    return {"process_id": "load_collection", "arguments": arguments}


def saved(collection: str) -> dict[str, Any]:
    arguments = {"data": {"from_node": "load"}, "format": "GTiff"}
    save = {"process_id": "save_result", "arguments": arguments, "result": True}
    return {"load": load(collection), "save": save}


@pytest.fixture
def ask(federation: Federation, tmp_path: Path) -> Any:
    def explain(graph: dict[str, Any], *options: str) -> Result:
        file = tmp_path / "graph.json"
        file.write_text(json.dumps(graph))
        there = "--url" in options
        chosen = options if there else ("--config", str(federation.layout.file), *options)
        return CliRunner().invoke(main, ["explain", str(file), *chosen])

    return explain


def test_where_a_process_runs_is_explained_with_why_not_elsewhere(ask: Any) -> None:
    shown = ask(saved("SENTINEL1_GRD"))
    assert shown.exit_code == 0, shown.output
    assert shown.output.startswith("This process runs on aurora, the only backend")
    assert "terra   cannot run it:" in shown.output
    assert "SENTINEL1_GRD" in shown.output


def test_a_policy_can_be_named_and_its_ranking_is_explained(
    federation: Federation, ask: Any
) -> None:
    shown = ask(saved("SENTINEL2_L2A"), "--policy", "cheapest")
    assert shown.exit_code == 0, shown.output
    assert "2 backends can, and it is cheapest: 0.058 credits by its rates; next is aurora" in (
        shown.output
    )
    there = ask(saved("SENTINEL2_L2A"), "--url", federation.url, "--policy", "spread")
    assert "next in turn for its 50 % of such requests" in there.output
    wrong = ask(saved("SENTINEL2_L2A"), "--policy", "dearest")
    assert wrong.exit_code == 2
    assert "There are: order, cheapest, least_loaded, most_available, spread." in wrong.output


def test_what_nobody_can_run_is_explained_with_the_answer_it_would_get(ask: Any) -> None:
    shown = ask(saved("SENTINEL9"))
    assert shown.exit_code == 1
    assert "404 CollectionNotFound" in shown.output


def merged(one: str, two: str) -> dict[str, Any]:
    """The means over time of two collections, merged; the second one is brought to the first."""
    inner = {"process_id": "mean", "arguments": {"data": {"from_parameter": "data"}}}
    mean = {"process_graph": {"mean": {**inner, "result": True}}}
    graph: dict[str, Any] = {}
    for name, collection in (("one", one), ("two", two)):
        reduced = {"data": {"from_node": name}, "dimension": "t", "reducer": mean}
        graph[name] = load(collection)
        graph[f"mean_{name}"] = {"process_id": "reduce_dimension", "arguments": reduced}
    aligned = {"data": {"from_node": "mean_two"}, "target": {"from_node": "mean_one"}}
    both = {"cube1": {"from_node": "mean_one"}, "cube2": {"from_node": "aligned"}}
    graph["aligned"] = {"process_id": "resample_cube_spatial", "arguments": aligned}
    graph["merged"] = {"process_id": "merge_cubes", "arguments": both}
    saved = {"data": {"from_node": "merged"}, "format": "netCDF"}
    graph["save"] = {"process_id": "save_result", "arguments": saved, "result": True}
    return graph


def test_what_needs_two_members_is_explained_in_parts(ask: Any) -> None:
    shown = ask(merged("SENTINEL2_L1C", "BOREAL_TEMPERATURE_DAILY"))
    assert shown.exit_code == 0, shown.output
    assert shown.output.startswith("No backend can run this process now.")
    # The area is smaller than one pixel of the temperature.
    assert (
        "This process runs in 2 parts on boreal, terra; 1 result is handed on, about 4 bytes.\n"
        "\n"
        "  part1  on boreal: two, mean_two\n"
        "           - nowhere else can run 'two' (collection 'BOREAL_TEMPERATURE_DAILY')\n"
        "           - hands on the result of 'mean_two' as netCDF, about 4 bytes, to part2\n"
        "  part2  on terra: one, mean_one, aligned, merged, save\n"
        "           - nowhere else can run 'one' (collection 'SENTINEL2_L1C')\n"
        "           - reads the results of part1\n"
    ) in shown.output


def test_a_malformed_process_is_refused_with_its_error(ask: Any) -> None:
    shown = ask({"load": load("SENTINEL1_GRD")})
    assert shown.exit_code == 2
    assert "ProcessGraphInvalid" in shown.output


def test_a_running_federation_can_be_asked_instead(federation: Federation, ask: Any) -> None:
    shown = ask(saved("SENTINEL1_GRD"), "--url", federation.url)
    assert shown.exit_code == 0
    assert shown.output.startswith("It can run on: aurora.\n")
    assert "- has no collection 'SENTINEL1_GRD'" in shown.output


def test_a_running_federation_says_what_is_wrong(federation: Federation, ask: Any) -> None:
    shown = ask(saved("SENTINEL9"), "--url", federation.url)
    assert shown.exit_code == 1
    assert shown.output.startswith("CollectionNotFound: ")


def test_disagreements_of_the_backends_are_printed(federation: Federation) -> None:
    shown = CliRunner().invoke(main, ["check", "--config", str(federation.layout.file)])
    assert shown.exit_code == 0, shown.output
    assert "notes" in shown.output.splitlines()[-1]
    assert "collections/SENTINEL2_L2A/cube:dimensions" in shown.output, "not in the listings"
