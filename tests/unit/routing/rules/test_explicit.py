from aggregator.routing.rules.explicit import judge
from tests.unit.routing.documents import backend, load, needs, only, said


def test_a_backend_that_the_request_did_not_ask_for_is_out() -> None:
    assert said(judge, needs(a=load()), backend("terra"), explicit="aurora") == [
        "was not asked for: the request asks for backend 'aurora'"
    ]


def test_the_backend_that_the_request_asks_for_is_fine() -> None:
    assert said(judge, needs(a=load()), backend("aurora"), explicit="aurora") == []


def test_a_backend_that_the_process_did_not_ask_for_is_out() -> None:
    wanted = needs(a=load(properties=only("aurora")))
    assert said(judge, wanted, backend("terra")) == [
        "was not asked for: the process asks for backend 'aurora' (node 'a')"
    ]
    assert said(judge, wanted, backend("aurora")) == []


def test_a_backend_can_be_ruled_out_by_the_process() -> None:
    wanted = needs(a=load(properties=only("aurora", "neq")))
    assert said(judge, wanted, backend("aurora")) == [
        "was not asked for: the process asks for any backend but 'aurora' (node 'a')"
    ]
    assert said(judge, wanted, backend("terra")) == []


def test_without_a_choice_every_backend_is_fine() -> None:
    assert said(judge, needs(a=load()), backend()) == []
