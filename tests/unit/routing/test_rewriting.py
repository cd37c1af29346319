from copy import deepcopy
from typing import Any

import pytest
from hypothesis import given

from aggregator.errors import ProcessGraphMissing
from aggregator.routing import read_requirements, rewrite_for
from tests.unit.routing.documents import Json, load, node, only, process, ref
from tests.unit.routing.test_reading import graphs


def rewritten(document: Json, backend: str = "terra", **given_names: Any) -> Json:
    """The nodes of the rewritten process; the process given must stay as it is."""
    before = deepcopy(document)
    found = rewrite_for(document, backend, **given_names)
    assert document == before
    nodes: Json = found["process_graph"]
    return nodes


def test_collections_get_the_backends_own_ids_in_callbacks_too() -> None:
    inner = process(x=load("SENTINEL2"))
    nodes = rewritten(
        process(a=load("SENTINEL2", bands=["B04"]), b=load("S1"), c=node("apply", process=inner)),
        own_ids={"SENTINEL2": "s2-own"},
    )
    assert nodes["a"]["arguments"] == {"id": "s2-own", "bands": ["B04"]}
    assert nodes["b"]["arguments"] == {"id": "S1"}
    assert nodes["c"]["arguments"]["process"]["process_graph"]["x"]["arguments"]["id"] == "s2-own"


def test_a_collection_from_a_parameters_default_is_written_out() -> None:
    document = process(a=node("load_collection", id={"from_parameter": "what"}))
    document["parameters"] = [{"name": "what", "default": "SENTINEL2"}]
    assert rewritten(document, own_ids={"SENTINEL2": "own"})["a"]["arguments"] == {"id": "own"}


def test_the_choice_of_a_backend_is_removed_and_other_conditions_stay() -> None:
    clouds = {"eo:cloud_cover": process(lte1=node("lte", x=1, y=2))}
    nodes = rewritten(
        process(a=load(properties=only("terra")), b=load(properties=only("terra") | clouds))
    )
    assert nodes["a"]["arguments"] == {"id": "S2"}
    assert nodes["b"]["arguments"] == {"id": "S2", "properties": clouds}


def test_a_condition_is_removed_whatever_stands_in_it() -> None:
    condition = only("terra")
    condition["federation:backends"]["process_graph"]["eq1"]["namespace"] = "terra"
    assert rewritten(process(a=load(properties=condition)))["a"]["arguments"] == {"id": "S2"}


def test_what_was_rewritten_no_longer_chooses() -> None:
    found = rewrite_for(process(a=load(properties=only("terra"))), "terra")
    assert read_requirements(found).explicit == ()


@pytest.mark.parametrize(
    ("process_id", "name"),
    [("load_result", "id"), ("load_ml_model", "id"), ("load_ml_model", "model")],
)
def test_federated_job_ids_become_the_backends_own(process_id: str, name: str) -> None:
    given_argument: Json = {name: "terra-j-17"}
    nodes = rewritten(process(a=node(process_id, **given_argument)))
    assert nodes["a"]["arguments"] == {name: "j-17"}


def test_ids_of_other_backends_and_plain_ones_stay() -> None:
    nodes = rewritten(process(a=node("load_result", id="aurora-1"), b=node("load_result", id="x")))
    assert nodes["a"]["arguments"] == {"id": "aurora-1"}
    assert nodes["b"]["arguments"] == {"id": "x"}


def test_addresses_of_results_become_the_backends_own() -> None:
    nodes = rewritten(
        process(
            a=node("load_stac", url="https://federation/openeo/jobs/terra-j-17/results"),
            b=node("load_stac", url="https://federation/openeo/jobs/terra-j-17/results?signed=1"),
            c=node("load_stac", url="https://elsewhere/jobs/terra-j-17/results"),
        ),
        addresses={"https://federation/openeo/": "https://terra/1.3"},
    )
    urls = [nodes[name]["arguments"]["url"] for name in "abc"]
    assert urls == [
        "https://terra/1.3/jobs/j-17/results",
        "https://federation/openeo/jobs/terra-j-17/results?signed=1",
        "https://elsewhere/jobs/terra-j-17/results",
    ]


def test_the_backends_own_namespace_becomes_the_usual_one() -> None:
    nodes = rewritten(
        process(
            a=node("ndvi", namespace="terra"),
            b=node("mine", namespace="user"),
            c=node("ndvi"),
            d=load("SENTINEL2") | {"namespace": "terra"},
        ),
        own_ids={"SENTINEL2": "own"},
    )
    assert nodes["a"]["namespace"] == "backend"
    assert nodes["b"]["namespace"] == "user"
    assert "namespace" not in nodes["c"]
    assert nodes["d"] == load("own") | {"namespace": "backend", "result": True}


def test_a_users_own_load_collection_is_left_alone() -> None:
    document = process(a=load("SENTINEL2", properties=only("terra")) | {"namespace": "user"})
    assert rewritten(document, own_ids={"SENTINEL2": "own"}) == document["process_graph"]


def test_other_properties_of_the_process_stay() -> None:
    document = {**process(a=load()), "id": "mine", "returns": {"schema": {}}}
    assert rewrite_for(document, "terra") == document


def test_parts_that_stay_the_same_are_shared_and_changed_ones_are_new() -> None:
    document = process(a=load("SENTINEL2"), b=node("ndvi", data=ref("a")))
    found = rewrite_for(document, "terra", own_ids={"SENTINEL2": "own"})
    assert found["process_graph"]["b"] is document["process_graph"]["b"]
    assert found["process_graph"]["a"] is not document["process_graph"]["a"]
    assert rewrite_for(document, "terra")["process_graph"] is document["process_graph"]


def test_a_choice_within_a_condition_within_a_callback_is_removed() -> None:
    inner = process(x=load(properties=only("terra")))
    document = process(a=node("many", data=[1, {"deep": [inner]}]))
    nodes = rewritten(document)
    assert nodes["a"]["arguments"]["data"][1]["deep"][0]["process_graph"]["x"]["arguments"] == {
        "id": "S2"
    }


def test_a_process_without_a_graph_is_refused() -> None:
    with pytest.raises(ProcessGraphMissing):
        rewrite_for({}, "terra")


def naive(value: Any, own_ids: dict[str, str]) -> Any:
    """Collections renamed everywhere, by plain recursion."""
    if isinstance(value, list):
        return [naive(item, own_ids) for item in value]
    if not isinstance(value, dict):
        return value
    found = {key: naive(item, own_ids) for key, item in value.items()}
    if found.get("process_id") == "load_collection":
        identifier = found["arguments"].get("id")
        if isinstance(identifier, str):
            found["arguments"]["id"] = own_ids.get(identifier, identifier)
    return found


@given(graphs())
def test_rewriting_renames_what_a_naive_rewriting_renames(document: Json) -> None:
    before = deepcopy(document)
    own_ids = {"S1": "own-1", "S2": "own-2"}
    assert rewrite_for(document, "terra", own_ids=own_ids) == naive(document, own_ids)
    assert document == before


def test_paths_of_files_become_the_backends_own_and_others_stay() -> None:
    document = process(
        a=node("load_uploaded_files", paths=["terra/a.tif", "aurora/b.tif"], format="GTiff"),
        b=node("load_uploaded_files", paths={"from_parameter": "files"}, format="GTiff"),
        c=node("run_udf", udf="terra/scripts/a.py", runtime="Python"),
        d=node("run_udf", udf="terra/2\n", runtime="Python"),
    )
    document["parameters"] = [{"name": "files", "default": ["terra/deep/c.tif"]}]
    nodes = rewritten(document)
    assert nodes["a"]["arguments"]["paths"] == ["a.tif", "aurora/b.tif"]
    assert nodes["b"]["arguments"]["paths"] == ["deep/c.tif"]
    assert nodes["c"]["arguments"]["udf"] == "scripts/a.py"
    assert nodes["d"]["arguments"]["udf"] == "terra/2\n"
