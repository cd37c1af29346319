from aggregator.routing.rules.collections import judge
from tests.unit.routing.documents import backend, load, needs, node, said


def test_each_collection_that_is_missing_is_named_with_its_node() -> None:
    wanted = needs(a=load("S2"), b=load("S1"), c=load("DEM"))
    assert said(judge, wanted, backend(collections=["S2"])) == [
        "has no collection 'S1' (node 'b')",
        "has no collection 'DEM' (node 'c')",
    ]


def test_a_backend_with_all_collections_is_fine() -> None:
    assert said(judge, needs(a=load("S2")), backend(collections=["S1", "S2"])) == []


def test_a_collection_is_found_under_its_federated_id_only() -> None:
    here = backend(collections=["own"], collection_names={"SENTINEL2": "own"})
    assert said(judge, needs(a=load("SENTINEL2")), here) == []
    assert said(judge, needs(a=load("own")), here) == ["has no collection 'own' (node 'a')"]


def test_a_collection_within_a_callback_counts() -> None:
    inner = {"process_graph": {"x": load("S1", result=True)}}
    wanted = needs(a=load("S2"), r=node("apply", process=inner))
    assert said(judge, wanted, backend(collections=["S2"])) == [
        "has no collection 'S1' (node 'r/process/x')"
    ]


def test_a_backend_that_never_told_its_collections_is_not_trusted_with_any() -> None:
    assert said(judge, needs(a=load("S2")), backend(collections=None)) == [
        "has not told its collections yet (node 'a')"
    ]


def test_without_a_collection_none_need_be_known() -> None:
    assert said(judge, needs(a=node("add", x=1, y=2)), backend(collections=None)) == []
