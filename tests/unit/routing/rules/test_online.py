from aggregator.routing.rules.online import judge
from tests.unit.routing.documents import backend, load, needs, said


def test_a_backend_that_is_offline_runs_nothing() -> None:
    assert said(judge, needs(a=load()), backend(online=False)) == ["is offline"]


def test_a_backend_that_is_online_is_fine() -> None:
    assert said(judge, needs(a=load()), backend()) == []
