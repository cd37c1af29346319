import io
import json
from pathlib import Path
from typing import Any

import pytest

from scripts.federation.graphs import UnreadableGraph, read_body

GRAPH = {"add1": {"process_id": "add", "arguments": {"x": 1, "y": 2}, "result": True}}


@pytest.mark.parametrize(
    "document",
    [GRAPH, {"process_graph": GRAPH}, {"process": {"process_graph": GRAPH}}],
    ids=["graph", "process", "body"],
)
def test_a_process_is_found_in_every_form(tmp_path: Path, document: dict[str, Any]) -> None:
    file = tmp_path / "graph.json"
    file.write_text(json.dumps(document))
    assert read_body(file) == {"process": {"process_graph": GRAPH}}


def test_what_stands_beside_the_process_is_kept(tmp_path: Path) -> None:
    body = {"process": {"process_graph": GRAPH}, "federation:backend": "terra"}
    file = tmp_path / "graph.json"
    file.write_text(json.dumps(body))
    assert read_body(file) == body


def test_a_choice_within_a_process_is_that_of_the_request(tmp_path: Path) -> None:
    options = {"federation:policy": "cheapest"}
    process = {"process_graph": GRAPH, "federation:backend": "terra", "job_options": options}
    file = tmp_path / "graph.json"
    file.write_text(json.dumps({**process, "id": "add"}))
    assert read_body(file) == {
        "process": {"process_graph": GRAPH, "id": "add"},
        "federation:backend": "terra",
        "job_options": options,
    }


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ("[1, 2]", "must hold a process graph"),
        ("{}", "must hold a process graph"),
        ('{"a": 1,\n ]', "is no JSON: .* in line 2"),
        ("[" * 100_000, "is no JSON"),
        ("\udcff", "is no JSON"),
    ],
)
def test_what_is_no_process_is_named(tmp_path: Path, content: str, complaint: str) -> None:
    file = tmp_path / "graph.json"
    file.write_text(content, errors="surrogateescape")
    with pytest.raises(UnreadableGraph, match=complaint):
        read_body(file)


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UnreadableGraph, match="No such file"):
        read_body(tmp_path / "graph.json")


def test_standard_input_is_called_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stdin", io.StringIO("{"))
    with pytest.raises(UnreadableGraph, match=r"^Standard input is no JSON"):
        read_body(Path("-"))
