from aggregator.errors import ProcessGraphMissing
from aggregator.routing import decide, invalid, validation
from tests.unit.routing.documents import backend, load, needs


def test_a_process_that_some_can_run_is_valid_there() -> None:
    backends = [backend("terra"), backend("aurora"), backend("boreal", collections=["S1"])]
    answer = validation(decide(needs(a=load("S2")), backends))
    assert answer.as_json() == {"errors": [], "federation:backends": ["terra", "aurora"]}


def test_a_process_that_none_can_run_is_invalid_on_those_that_were_checked() -> None:
    backends = [backend("terra"), backend("aurora", online=False)]
    answer = validation(decide(needs(a=load("S9")), backends)).as_json()
    assert [error["code"] for error in answer["errors"]] == ["CollectionNotFound"]
    assert answer["federation:backends"] == ["terra", "aurora"]


def test_a_backend_that_may_run_it_once_online_does_not_count_as_checked() -> None:
    backends = [backend("terra", collections=["S1"]), backend("aurora", online=False)]
    answer = validation(decide(needs(a=load("S2")), backends)).as_json()
    assert [error["code"] for error in answer["errors"]] == ["BackendUnavailable"]
    assert answer["federation:backends"] == ["terra"]


def test_a_process_that_nobody_could_check_names_no_backends() -> None:
    answer = validation(decide(needs(a=load()), [backend("terra", online=False)])).as_json()
    assert [error["code"] for error in answer["errors"]] == ["BackendUnavailable"]
    assert "federation:backends" not in answer


def test_a_malformed_process_is_invalid_everywhere() -> None:
    answer = invalid([ProcessGraphMissing()], ["terra", "aurora"]).as_json()
    assert [error["code"] for error in answer["errors"]] == ["ProcessGraphMissing"]
    assert answer["federation:backends"] == ["terra", "aurora"]
