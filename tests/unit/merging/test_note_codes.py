"""Every code of a note: a concrete document that leads to it, and its documentation."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from aggregator.merging.capabilities import Endpoint, merge_capabilities
from aggregator.merging.collections import merge_collection
from aggregator.merging.formats import merge_file_formats
from aggregator.merging.note_codes import LEVELS, NOTE_CODES, notes_page
from aggregator.merging.notes import Merged, Note, Notebook, most_serious_first
from aggregator.merging.oidc import merge_oidc_providers
from aggregator.merging.processes import merge_processes
from aggregator.merging.udf_runtimes import merge_udf_runtimes
from tests.fakes.documents import (
    capabilities,
    collection,
    file_format,
    file_formats,
    parameter,
    process,
    provider,
    providers,
    udf_runtime,
)
from tests.unit.merging.merged import listing
from tests.unit.merging.noted import assert_noted

ROOT = Path(__file__).resolve().parents[3]
ORDER = ("terra", "aurora", "boreal")

Case = tuple[Callable[[], Merged[Any]], tuple[str, ...]]


def detail(terra: Any, aurora: Any = None) -> Callable[[], Merged[Any]]:
    """Merge the documents of one collection."""
    by_backend = {"terra": terra} if aurora is None else {"terra": terra, "aurora": aurora}
    return lambda: merge_collection("X", by_backend, order=ORDER)


def listings(**by_backend: Any) -> Callable[[], Merged[Any]]:
    return lambda: listing(by_backend)


def processes(terra: Any, aurora: Any = None, rule: str = "union") -> Callable[[], Merged[Any]]:
    by_backend = {"terra": [terra], "aurora": [aurora] if aurora else []}
    return lambda: merge_processes(by_backend, order=ORDER, rule=rule)


def one_parameter(terra: Any, aurora: Any) -> Callable[[], Merged[Any]]:
    return processes(process(parameters=[terra]), process(parameters=[aurora]))


def formats(terra: Any, aurora: Any) -> Callable[[], Merged[Any]]:
    by_backend = {"terra": file_formats(terra), "aurora": file_formats(aurora)}
    return lambda: merge_file_formats(by_backend, order=ORDER)


def runtimes(terra: Any, aurora: Any) -> Callable[[], Merged[Any]]:
    by_backend = {"terra": {"Python": terra}, "aurora": {"Python": aurora}}
    return lambda: merge_udf_runtimes(by_backend, order=ORDER)


def identity(terra: Any, aurora: Any, rule: str = "common") -> Callable[[], Merged[Any]]:
    by_backend = {"terra": terra, "aurora": aurora}
    return lambda: merge_oidc_providers(by_backend, order=ORDER, rule=rule)


def root(terra: Any, aurora: Any = None) -> Callable[[], Merged[Any]]:
    by_backend = {"terra": terra, "aurora": aurora or capabilities()}
    routes = [Endpoint(path, ("GET",)) for path in ("/collections", "/processes", "/jobs")]
    return lambda: merge_capabilities(by_backend, order=ORDER, members={}, base={}, routes=routes)


def bills(currency: str, **plan: Any) -> dict[str, Any]:
    return capabilities(billing={"currency": currency, "plans": [{"name": "p", **plan}]})


def x(**fields: Any) -> dict[str, Any]:
    return collection("X", **fields)


def dimension(**fields: Any) -> dict[str, Any]:
    return collection("X", fields={"cube:dimensions": {"x": {"type": "spatial", **fields}}})


def summary(value: object) -> dict[str, Any]:
    return collection("X", summaries={"platform": value})


def boxes(*listed: list[float]) -> dict[str, Any]:
    always = {"interval": [[None, None]]}
    return collection("X", extent={"spatial": {"bbox": list(listed)}, "temporal": always})


def preview(host: str) -> dict[str, Any]:
    return collection("X", assets={"preview": {"href": f"https://{host}.example"}})


BOTH = ("terra", "aurora")

EXAMPLES: dict[str, Case] = {
    "document-unusable": (listings(terra=None, aurora=[x()]), ("terra",)),
    "entry-unusable": (listings(terra=[{"title": "No id"}], aurora=[x()]), ("terra",)),
    "entry-repeated": (listings(terra=[x(), x()]), ("terra",)),
    "value-unusable": (detail(x(keywords=5), x()), ("terra",)),
    "value-differs": (detail(x(version="1"), x(version="2")), BOTH),
    "value-repaired": (detail(x(keywords="optical")), ("terra",)),
    "value-missing": (detail({"id": "X"}), ("terra",)),
    "nested-federation": (
        detail(collection("X", fields={"federation:backends": ["a"]})),
        ("terra",),
    ),
    "text-differs": (detail(x(title="One"), x(title="Other")), BOTH),
    "name-case-differs": (formats({"PNG": file_format()}, {"png": file_format()}), BOTH),
    "flag-differs": (detail(x(deprecated=True), x()), BOTH),
    "stac-version-differs": (detail(x(stac_version="1.1.0"), x()), BOTH),
    "extent-differs": (detail(boxes([0, 0, 1, 1]), boxes([0, 0, 2, 2])), BOTH),
    "overall-extent-missing": (detail(boxes([0, 0, 1, 1], [5, 5, 6, 6])), ("terra",)),
    "dimension-differs": (detail(dimension(step=10), dimension(step=20)), BOTH),
    "part-partial": (detail(x(bands=("B02", "B03")), x(bands=("B02",))), ("terra",)),
    "summary-form-differs": (
        detail(summary(["s2a"]), summary({"minimum": 1, "maximum": 2})),
        BOTH,
    ),
    "asset-renamed": (detail(preview("terra"), preview("aurora")), ("aurora",)),
    "licence-differs": (detail(x(license="CC0-1.0"), x(license="CC-BY-4.0")), BOTH),
    "common-name": (listings(terra=[collection("OWN", common_name="X")]), ("terra",)),
    "common-name-conflict": (listings(terra=[collection("OWN", common_name="X"), x()]), ("terra",)),
    "common-name-shadowed": (listings(terra=[x(common_name="Y")], aurora=[x()]), ("terra",)),
    "process-left-out": (processes(process(), None, "intersection"), ("terra",)),
    "process-namespace": (processes(process(namespace="user")), ("terra",)),
    "parameter-partial": (processes(process(parameters=["x"]), process(parameters=[])), ("terra",)),
    "parameter-order-differs": (
        processes(process(parameters=["x", "y"]), process(parameters=["y", "x"])),
        BOTH,
    ),
    "parameter-optionality-differs": (
        one_parameter(parameter("x"), parameter("x", optional=True)),
        ("terra",),
    ),
    "parameter-default-differs": (
        one_parameter(parameter("x", default=1), parameter("x", default=2)),
        BOTH,
    ),
    "parameter-schema-differs": (one_parameter(parameter("x"), parameter("x", "string")), BOTH),
    "returns-differ": (processes(process(), process(returns="string")), BOTH),
    "runtime-type-differs": (
        runtimes(udf_runtime(), {"type": "docker", "docker": "a/b", "tags": ["1"]}),
        ("aurora",),
    ),
    "default-version-differs": (runtimes(udf_runtime("3.9"), udf_runtime("3.11")), BOTH),
    "provider-left-out": (
        identity(
            providers(provider("a", "https://a.example"), provider("b", "https://b.example")),
            providers(provider("a", "https://a.example")),
        ),
        ("terra",),
    ),
    "provider-not-common": (
        identity(
            providers(provider("a", "https://a.example")),
            providers(provider("b", "https://b.example")),
        ),
        ("aurora",),
    ),
    "provider-id-differs": (identity(providers(provider("a")), providers(provider("b"))), BOTH),
    "provider-id-conflict": (
        identity(
            providers(provider("a", "https://a.example")),
            providers(provider("a", "https://b.example")),
            "union",
        ),
        ("aurora",),
    ),
    "scopes-differ": (
        identity(providers(provider(scopes=["openid"])), providers(provider(scopes=["email"]))),
        BOTH,
    ),
    "api-version-unsupported": (root(capabilities("0.4.2")), ("terra",)),
    "endpoint-not-listed": (root(capabilities(endpoints=["/collections"])), ("terra",)),
    "endpoint-not-routed": (root(capabilities(endpoints=["/orders"])), ("terra",)),
    "currency-differs": (root(bills("EUR"), bills("USD")), BOTH),
    "plan-differs": (root(bills("EUR", paid=True), bills("EUR", paid=False)), BOTH),
}


@pytest.mark.parametrize("code", EXAMPLES)
def test_each_code_is_noted_where_it_should_be(code: str) -> None:
    merge, backends = EXAMPLES[code]
    note = assert_noted(merge(), code, *backends)
    assert all(backend in note.message for backend in backends)
    assert note.level in LEVELS
    assert json.loads(json.dumps(note.as_json()))["code"] == code


def test_every_code_has_an_example() -> None:
    assert set(EXAMPLES) == set(NOTE_CODES)


def test_the_note_is_due_to_the_disagreement() -> None:
    agreeing = [
        detail(x(), x()),
        listings(terra=[x()], aurora=[x()]),
        processes(process(), process(), "intersection"),
        formats({"PNG": file_format()}, {"PNG": file_format()}),
        runtimes(udf_runtime(), udf_runtime()),
        identity(providers(provider()), providers(provider())),
        root(capabilities(), capabilities()),
    ]
    for merge in agreeing:
        assert merge().notes == ()


def test_every_code_has_a_level_a_description_and_a_message() -> None:
    for code, entry in NOTE_CODES.items():
        assert entry.level in LEVELS, code
        assert entry.description.endswith("."), code
        assert "{backends}" in entry.message, code


def test_an_unknown_code_is_a_mistake_of_the_program() -> None:
    with pytest.raises(KeyError):
        Notebook().add("no-such-code", "x", ())


def test_a_note_is_data() -> None:
    merge, _ = EXAMPLES["licence-differs"]
    note = assert_noted(merge(), "licence-differs")
    assert json.loads(json.dumps(note.as_json())) == {
        "code": "licence-differs",
        "level": "warning",
        "subject": "collections/X/license",
        "backends": ["terra", "aurora"],
        "values": {
            "by_backend": {"terra": "CC0-1.0", "aurora": "CC-BY-4.0"},
            "chosen": "various",
        },
        "message": "terra, aurora offer collections/X/license under different licences: "
        "terra: CC0-1.0; aurora: CC-BY-4.0; stated: various.",
    }


def test_huge_values_are_cut_in_messages_and_data() -> None:
    note = Note("value-unusable", "x", ("terra",), {"found": "y" * 100_000, "expected": "text"})
    assert len(note.message) < 1000
    assert len(json.dumps(note.as_json())) < 5000
    listed = Note(
        "value-unusable", "x", ("terra",), {"found": list(range(100_000)), "expected": "text"}
    )
    assert len(json.dumps(listed.as_json())) < 5000


def test_a_message_survives_values_with_braces_and_of_any_type() -> None:
    for found in ("{subject}", "{", None, True, 1.5, {"a": ["{}"]}, [None]):
        values = {"found": found, "expected": "text"}
        assert Note("value-unusable", "x/{y}", ("terra",), values).message


def test_a_message_is_one_line_that_commands_no_terminal() -> None:
    values = {"found": "a\x1b[2J\n\u202eb \u00e4\u00a0\u0416", "expected": "text"}
    message = Note("value-unusable", "x\ry", ("terra",), values).message
    assert message.isascii() is False and "\u00e4\u00a0\u0416" in message
    assert "x\\ry" in message and r"a\x1b[2J\n\u202eb" in message
    assert not {"\x1b", "\n", "\r", "\u202e"} & set(message)


def test_the_most_serious_notes_come_first_and_otherwise_the_order_stays() -> None:
    notes = [
        Note(code, str(number), ())
        for number, code in enumerate(
            ["text-differs", "document-unusable", "licence-differs", "entry-unusable"]
        )
    ]
    assert [note.subject for note in most_serious_first(notes)] == ["1", "3", "2", "0"]


def test_the_documentation_of_the_notes_is_current() -> None:
    printed = (ROOT / "docs" / "notes.md").read_text(encoding="utf-8")
    assert printed == notes_page(), "print it anew with: python -m scripts.notes_page"
