from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.routing import restore_from, rewrite_for
from tests.unit.routing.documents import Json, load, node, only, process, ref

FEDERATION, TERRA = "https://federation/openeo/1.3", "https://terra/1.3"
OWN_IDS = {"SENTINEL2": "s2-own", "DEM": "dem/30"}
NAMES = {own: name for name, own in OWN_IDS.items()}


def restored(document: Json, backend: str = "terra", **names: Any) -> Json:
    """The nodes of the restored process; the process given must stay as it is."""
    before = deepcopy(document)
    nodes: Json = restore_from(document, backend, **names)["process_graph"]
    assert document == before
    return nodes


def test_collections_get_the_federations_ids_in_callbacks_too() -> None:
    inner = process(x=load("s2-own"))
    nodes = restored(
        process(a=load("s2-own", bands=["B04"]), b=load("S1"), c=node("apply", process=inner)),
        names=NAMES,
    )
    assert nodes["a"]["arguments"] == {"id": "SENTINEL2", "bands": ["B04"]}
    assert nodes["b"]["arguments"] == {"id": "S1"}
    inner_nodes = nodes["c"]["arguments"]["process"]["process_graph"]
    assert inner_nodes["x"]["arguments"]["id"] == "SENTINEL2"


def test_what_belongs_to_the_backend_gets_its_name_before_it() -> None:
    nodes = restored(
        process(
            a=node("load_result", id="j-17"),
            b=node("load_stac", url=f"{TERRA}/jobs/j-17/results"),
            c=node("load_stac", url=f"{TERRA}/jobs/j-17/results?signed=1"),
            d=node("load_uploaded_files", paths=["a/b.json", {"from_parameter": "p"}]),
            e=node("run_udf", udf="scripts/smooth.py", runtime="Python"),
            f=node("run_udf", udf="def apply(x):\n    return x", runtime="Python"),
            g=node("load_ml_model", id="j-18"),
            h=node("load_stac", url="catalog.json"),
            i=node("export_workspace", data=ref("a"), workspace="w-1", merge="w-1"),
        ),
        addresses={TERRA: FEDERATION},
    )
    assert {name: one["arguments"] for name, one in nodes.items()} == {
        "a": {"id": "terra-j-17"},
        "b": {"url": f"{FEDERATION}/jobs/terra-j-17/results"},
        "c": {"url": f"{TERRA}/jobs/j-17/results?signed=1"},
        "d": {"paths": ["terra/a/b.json", {"from_parameter": "p"}]},
        "e": {"udf": "terra/scripts/smooth.py", "runtime": "Python"},
        "f": {"udf": "def apply(x):\n    return x", "runtime": "Python"},
        "g": {"id": "terra-j-18"},
        "h": {"url": "catalog.json"},
        "i": {"data": ref("a"), "workspace": "terra-w-1", "merge": "w-1"},
    }


def test_the_namespace_of_the_backend_is_its_id_and_users_own_processes_stay() -> None:
    document = process(
        a=node("ndvi", namespace="backend"),
        b=load("s2-own") | {"namespace": "user"},
        c=node("ndvi", data=ref("a")),
    )
    nodes = restored(document, names=NAMES)
    assert nodes["a"]["namespace"] == "terra"
    assert nodes["b"] == document["process_graph"]["b"]
    assert nodes["c"] is document["process_graph"]["c"]


@pytest.mark.parametrize(
    "broken",
    [
        {},
        {"process_graph": None},
        {"process_graph": {"a": 5}},
        {"process_graph": {"a": node("load_collection", id="s2-own")}},
        {"process_graph": {"a": node("x", data=ref("b")) | {"result": True}}},
    ],
)
def test_a_process_that_is_not_valid_is_shown_as_it_is(broken: Json) -> None:
    assert restore_from(broken, "terra", names=NAMES) == broken


PLAIN = st.text(st.characters(codec="ascii", categories=["L", "N"]), min_size=1, max_size=6)
JOB = PLAIN.map(lambda name: f"terra-{name}")
ARGUMENTS: dict[str, st.SearchStrategy[Json]] = {
    "load_collection": st.fixed_dictionaries({"id": st.sampled_from([*OWN_IDS, "S1"])}),
    "load_result": st.fixed_dictionaries({"id": JOB}),
    "load_ml_model": st.fixed_dictionaries({"uri": JOB}),
    "load_stac": st.fixed_dictionaries(
        {
            "url": st.one_of(
                JOB.map(lambda job: f"{FEDERATION}/jobs/{job}/results"),
                PLAIN.map(lambda name: f"https://elsewhere/jobs/{name}/results"),
            )
        }
    ),
    "load_uploaded_files": st.fixed_dictionaries(
        {"paths": st.lists(PLAIN.map(lambda name: f"terra/{name}.json"), max_size=3)}
    ),
    "run_udf": st.fixed_dictionaries(
        {"udf": st.one_of(PLAIN.map(lambda name: f"terra/{name}.py"), st.just("x = 1\n"))}
    ),
    "export_workspace": st.fixed_dictionaries({"workspace": JOB, "merge": PLAIN}),
    "mean": st.fixed_dictionaries({"data": st.one_of(st.integers(), PLAIN)}),
}


@st.composite
def sent(draw: st.DrawFn, depth: int = 1) -> Json:
    """Processes in the federation's words that say all that they mean themselves."""
    nodes: Json = {}
    for number in range(draw(st.integers(1, 4))):
        process_id = draw(st.sampled_from(sorted(ARGUMENTS)))
        made = node(process_id, **draw(ARGUMENTS[process_id]))
        namespace = draw(st.sampled_from([None, "terra", "user"]))
        made |= {} if namespace is None else {"namespace": namespace}
        if depth and draw(st.booleans()):
            made["arguments"]["reducer"] = draw(sent(depth - 1))
        nodes[f"n{number}"] = made
    nodes["n0"]["result"] = True
    return {"process_graph": nodes}


@given(sent())
def test_what_was_sent_comes_back(document: Json) -> None:
    there = rewrite_for(document, "terra", own_ids=OWN_IDS, addresses={FEDERATION: TERRA})
    assert restore_from(there, "terra", names=NAMES, addresses={TERRA: FEDERATION}) == document


@given(sent())
def test_what_is_shown_can_be_sent_and_means_the_same(document: Json) -> None:
    there = rewrite_for(document, "terra", own_ids=OWN_IDS, addresses={FEDERATION: TERRA})
    shown = restore_from(there, "terra", names=NAMES, addresses={TERRA: FEDERATION})
    assert rewrite_for(shown, "terra", own_ids=OWN_IDS, addresses={FEDERATION: TERRA}) == there


def test_a_choice_of_backends_is_gone() -> None:
    there = rewrite_for(process(a=load(properties=only("terra"))), "terra")
    assert restore_from(there, "terra")["process_graph"]["a"]["arguments"] == {"id": "S2"}
