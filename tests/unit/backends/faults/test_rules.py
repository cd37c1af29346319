"""Each broken rule breaks what it says, and nothing else.

Everything that can be asked of a backend that does all right is asked twice: as it is, and with
one rule broken. `broken.yaml` has, for each rule, all the differences between the two: which
requests, and what of their answers. `- x` is gone, `+ x` is new, `~ x` is different, `*` stands for
elements of a list; `asks` is what the backend was asked otherwise than it would have been.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import orjson
import pytest
import yaml

from backends.faults.effects import Broken
from backends.faults.exchange import JSON
from backends.faults.middleware import with_faults
from backends.faults.reading import Faults
from backends.faults.rules import RULES, mistake_in
from backends.faults.scope import Fault
from tests.unit.backends.faults.right import INVALID, PREFIXED, ROOT, TOKEN, WRONG, Right, request

EXPECTED: dict[str, dict[str, list[str]]] = yaml.safe_load(
    (Path(__file__).parent / "broken.yaml").read_text("utf-8")
)
CONTRACT = Path(
    os.environ.get(
        "OPENEO_REQUIREMENTS",
        Path(__file__).resolve().parents[5] / "shared" / "contract" / "requirements.yaml",
    )
)


# What a rule may look at to know what to do.
LOOKS = {"GET /me", "GET /file_formats", "GET /process_graphs", "GET /collections"}


def graph(**node: Any) -> dict[str, Any]:
    whole = {"process_id": "save_result", "arguments": {"format": "GTiff"}, "result": True}
    return {"process": {"process_graph": {"save": {**whole, **node}}}}


# What is asked: its name, method and path, headers and body.
ASKED: list[tuple[str, str, Any, Any]] = [
    *(
        (what, what, None, None)
        for what in (
            *("GET //.well-known/openeo", "GET /.well-known/openeo", "GET //health", "GET /health"),
            *("GET /", "GET /conformance", "GET /file_formats", "GET /processes"),
            *("GET /collections", "GET /collections/SENTINEL2_L2A", "GET /credentials/basic"),
            *("GET /collections/SENTINEL2_L2A/queryables", "GET /credentials/oidc"),
            *("GET /collections/sentinel2_l2a", "GET /collections/SENTINEL2-L2A"),
            *("GET /results/signed", "GET /me", "GET /jobs", "OPTIONS /jobs"),
        )
    ),
    *(
        (f"{what} with a token", what, TOKEN, None)
        for what in (
            *("GET /collections", "GET /collections/SENTINEL2_L2A", "GET /processes"),
            *("GET /file_formats", "GET /me", "GET /process_graphs", "GET /process_graphs/mine"),
            *("DELETE /process_graphs/mine", "GET /jobs", "GET /jobs/finished"),
            *("DELETE /jobs/finished", "DELETE /jobs/nowhere", "GET /jobs/finished/logs?offset=1"),
            *("POST /jobs/finished/results", "POST /jobs/poor/results"),
            *("DELETE /jobs/finished/results", "GET /jobs/finished/results"),
            *("GET /jobs/failed/results", "GET /jobs/running/results"),
        )
    ),
    ("GET /me with a prefixed token", "GET /me", PREFIXED, None),
    ("GET /me with a wrong token", "GET /me", WRONG, None),
    ("a part of a file", "GET /results/signed/files/a.tif", {"Range": "bytes=0-1"}, None),
    (
        "PUT a new process",
        "PUT /process_graphs/new",
        TOKEN,
        {"id": "new", "process_graph": {"a": {}}},
    ),
    (
        "PUT an old process",
        "PUT /process_graphs/mine",
        TOKEN,
        {"id": "new", "process_graph": {"a": {}}},
    ),
    ("PUT no process", "PUT /process_graphs/mine", TOKEN, INVALID),
    *(
        (f"POST {path} {name}", f"POST {path}", TOKEN, body)
        for path in ("/jobs", "/result")
        for name, body in {
            "well": graph(),
            "ill": INVALID,
            "poor": graph(description="poor"),
            "in another case": graph(arguments={"format": "gtiff"}),
            "with a namespace": graph(namespace="user"),
            "with a stored process": graph(process_id="mine"),
            "with a parameter": graph(arguments={"x": {"from_parameter": "x"}}),
            "of a collection": graph(process_id="load_collection", arguments={"id": "ELEVATION"}),
            "with a callback": graph(arguments={"reducer": {"process_graph": {}}}),
        }.items()
    ),
]


def answers(*names: str) -> dict[str, Any]:
    """All answers of a backend that breaks these rules, and what it was asked for each."""
    right = Right()
    faults = Faults(tuple(Fault(Broken(name)) for name in names))
    app = with_faults(right, faults, root=ROOT, clock=lambda: datetime(2026, 1, 1, tzinfo=UTC))
    found = {}
    for name, what, headers, body in ASKED:
        right.calls.clear()
        status, sent, whole = request(app, what, headers, body)
        sent.pop("Content-Length", None)
        found[name] = {"asks": list(right.calls), "status": status, "header": sent, "body": whole}
    return found


@cache
def right_answers() -> dict[str, Any]:
    return answers()


def differences(before: Any, after: Any) -> list[str]:
    """What is different in an answer, as lines."""
    lines = []
    if before["status"] != after["status"]:
        lines.append(f"status {after['status']} for {before['status']}")
    lines += [f"header {line}" for line in compared(before["header"], after["header"], "")]
    if before["body"] != after["body"]:
        is_other = (before["status"] < 400) is not (after["status"] < 400)
        lines += body_differences(before["body"], b"" if is_other else after["body"])
    seen = [line for line in after["asks"] if line in before["asks"] or line not in LOOKS]
    asked_more = [line for line in seen if line not in before["asks"]]
    if not seen:
        return [*lines, "asks nothing"]
    return [*lines, *(f"asks {line}" for line in asked_more)]


def body_differences(before: bytes, after: bytes) -> list[str]:
    try:
        found = compared(orjson.loads(before), orjson.loads(after), "")
    except orjson.JSONDecodeError:
        return ["another body"]
    return list(dict.fromkeys(found))


def compared(before: Any, after: Any, at: str) -> list[str]:
    if isinstance(before, dict) and isinstance(after, dict):
        lines = [f"- {at}{key}" for key in before if key not in after]
        lines += [f"+ {at}{key}" for key in after if key not in before]
        both = [key for key in before if key in after]
        return lines + [line for k in both for line in compared(before[k], after[k], f"{at}{k}/")]
    if isinstance(before, list) and isinstance(after, list) and len(before) == len(after):
        pairs = zip(before, after, strict=True)
        return [line for old, new in pairs for line in compared(old, new, f"{at}*/")]
    if before == after:
        return []
    if isinstance(before, list) and isinstance(after, list):
        return [f"~ {at}: {len(after)} of {len(before)}"]
    return [f"~ {at}: {orjson.dumps(after).decode()}"]


def all_differences(name: str) -> dict[str, list[str]]:
    """The differences, by the requests (parted by bars, or a name for many) that have them."""
    after = answers(name)
    alike: dict[tuple[str, ...], list[str]] = {}
    for asked, before in right_answers().items():
        if lines := differences(before, after[asked]):
            alike.setdefault(tuple(lines), []).append(asked)
    return {_many().get(tuple(asked), " | ".join(asked)): list(v) for v, asked in alike.items()}


@cache
def _many() -> dict[tuple[str, ...], str]:
    """Names for groups of requests."""
    right = right_answers()
    real = [asked for asked in right if not asked.startswith("OPTIONS")]
    failing = [asked for asked in real if right[asked]["status"] >= 400]
    written = [asked for asked in failing if right[asked]["status"] != 424]
    tokens = {name for name, _, headers, _ in ASKED if headers == TOKEN}
    return {
        tuple(right): "everything",
        tuple(real): "everything but OPTIONS",
        tuple(failing): "every failure",
        tuple(written): "every error",
        tuple(asked for asked in real if asked in tokens): "everything with a token",
        tuple(one for one in real if right[one]["header"].get("Content-Type") == JSON): "all JSON",
    }


@pytest.mark.parametrize("name", EXPECTED)
def test_a_broken_rule_breaks_what_it_says_and_nothing_else(name: str) -> None:
    assert all_differences(name) == EXPECTED[name]
    assert EXPECTED[name], "it is seen"


def test_every_rule_is_tried() -> None:
    assert {name.partition(":")[0] for name in EXPECTED} == RULES.keys()


def test_two_rules_can_be_broken_at_once() -> None:
    both = answers("capabilities.no-billing", "capabilities.no-title")["GET /"]
    assert differences(right_answers()["GET /"], both) == ["- title", "- billing"]


@pytest.mark.parametrize(
    ("name", "mistake"),
    [
        ("collections.no-hosts", "did you mean collections.no-host"),
        ("processes.missing", "processes.missing:VALUE with the id of the process"),
        ("health.missing:5", "write health.missing"),
    ],
)
def test_a_name_that_is_no_rule_is_told_with_what_would_be_right(name: str, mistake: str) -> None:
    assert mistake in "; ".join(mistake_in(name) or ())
