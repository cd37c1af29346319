from aggregator.routing.rules.processes import judge
from tests.unit.routing.documents import backend, load, needs, node, ref, said


def test_each_process_that_is_missing_is_named_once_with_its_first_node() -> None:
    wanted = needs(a=load(), b=node("ndvi", data=ref("a")), c=node("ndvi", data=ref("a")))
    assert said(judge, wanted, backend(processes=["load_collection"])) == [
        "has no process 'ndvi' (node 'b')"
    ]


def test_a_process_within_a_callback_counts() -> None:
    inner = {"process_graph": {"m": node("mean", data={"from_parameter": "data"}, result=True)}}
    wanted = needs(a=load(), r=node("reduce_dimension", data=ref("a"), reducer=inner))
    assert said(judge, wanted, backend(processes=["load_collection", "reduce_dimension"])) == [
        "has no process 'mean' (node 'r/reducer/m')"
    ]


def test_an_argument_that_the_backend_does_not_know_is_named_with_its_node() -> None:
    wanted = needs(
        a=load(), b=node("ndvi", data=ref("a")), c=node("ndvi", data=ref("a"), blue="B2")
    )
    assert said(judge, wanted, backend()) == [
        "has process 'ndvi' without parameter 'blue' (node 'c')"
    ]


def test_an_argument_of_null_need_not_be_known() -> None:
    assert said(judge, needs(a=load(resolution=None)), backend()) == []


def test_parameters_that_are_not_published_restrict_nothing() -> None:
    wanted = needs(a=node("secret", anything=1))
    assert said(judge, wanted, backend(processes=[{"id": "secret"}])) == []


def test_a_backend_that_never_told_its_processes_is_not_trusted_with_any() -> None:
    assert said(judge, needs(a=load()), backend(processes=None)) == [
        "has not told its processes yet"
    ]
