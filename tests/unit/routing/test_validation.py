from aggregator.errors import ProcessGraphMissing
from aggregator.routing import decide, invalid, validation
from tests.unit.routing.documents import backend, load, needs, node, ref


def test_a_process_that_some_can_run_is_valid_there() -> None:
    backends = [backend("terra"), backend("aurora"), backend("boreal", collections=["S1"])]
    answer = validation(decide(needs(a=load("S2")), backends))
    assert answer.as_json() == {"errors": [], "federation:backends": ["terra", "aurora"]}


def test_a_process_that_none_can_run_is_invalid_on_those_that_were_checked() -> None:
    backends = [backend("terra"), backend("aurora", online=False)]
    answer = validation(decide(needs(a=load("S9")), backends)).as_json()
    assert [error["code"] for error in answer["errors"]] == ["CollectionNotFound"]
    assert answer["federation:backends"] == ["terra", "aurora"]


def test_all_that_nobody_has_is_told_at_once_and_nothing_twice() -> None:
    wanted = needs(
        a=load("S9"),
        b=node("ndwi", data=ref("a")),
        c=node("nvdi", data=ref("b")),
        d=load("S9", temporal_extent=["2024-01-01", "2024-02-01"]),
        e=node("max", data=ref("c"), colour=1),
    )
    answer = validation(decide(wanted, [backend("terra"), backend("aurora")])).as_json()
    assert [(error["code"], error["message"].split("'")[1]) for error in answer["errors"]] == [
        ("CollectionNotFound", "S9"),
        ("ProcessUnsupported", "ndwi"),
        ("ProcessUnsupported", "nvdi"),
        ("ProcessParameterUnsupported", "max"),
    ]


def test_a_process_with_very_many_mistakes_gets_some_of_them() -> None:
    wanted = needs(**{f"n{number}": node(f"unknown_{number}") for number in range(200)})
    assert len(validation(decide(wanted, [backend("terra")])).errors) == 50


def test_while_it_is_not_known_what_there_is_nothing_is_said_to_be_nowhere() -> None:
    unseen = backend("terra", collections=None, processes=None)
    found = validation(decide(needs(a=load("S9"), b=node("ndwi")), [unseen]))
    assert [error.code for error in found.errors] == ["BackendUnavailable"]


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
