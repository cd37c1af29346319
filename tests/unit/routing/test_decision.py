from itertools import permutations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.routing import decide
from aggregator.routing.policies import Facts
from tests.unit.routing.documents import backend, load, needs, node, only, process, ref

BASE = ["load_collection", "save_result", "reduce_dimension", "mean", "max", "ndvi"]


def without(*missing: str) -> list[str]:
    return [name for name in BASE if name not in missing]


def test_the_first_backend_in_configured_order_runs_what_several_can() -> None:
    routing = decide(needs(a=load()), [backend("terra"), backend("aurora")])
    assert routing.chosen == "terra"
    assert routing.able == ("terra", "aurora")
    assert decide(needs(a=load()), [backend("aurora"), backend("terra")]).chosen == "aurora"


def test_the_backends_at_which_the_user_is_known_come_first_where_there_is_one() -> None:
    backends = [backend("terra"), backend("aurora")]

    def reached(*names: str) -> list[tuple[str, str]]:
        routing = decide(needs(a=load()), backends, reachable=names)
        return [(one.backend, one.why) for one in routing.ranking]

    assert reached("aurora", "boreal") == [
        ("aurora", ""),
        ("terra", "though your login does not count there"),
    ]
    assert reached("terra", "aurora") == [("terra", ""), ("aurora", "")]
    assert reached("boreal") == [("terra", ""), ("aurora", "")]


def test_what_can_be_run_has_no_error() -> None:
    routing = decide(needs(a=load()), [backend("terra")])
    for ask in (routing.rejection, routing.rejections):
        with pytest.raises(ValueError, match="backend 'terra' can run this process"):
            ask()


def test_where_each_backend_lacks_one_process_none_is_chosen() -> None:
    wanted = needs(a=load(), b=node("ndvi", data=ref("a")), c=node("mean", data=ref("b")))
    routing = decide(
        wanted,
        [backend("terra", processes=without("mean")), backend("aurora", processes=without("ndvi"))],
    )
    assert routing.chosen is None
    assert [[str(r) for r in verdict.reasons] for verdict in routing.verdicts] == [
        ["has no process 'mean' (node 'c')"],
        ["has no process 'ndvi' (node 'b')"],
    ]


def test_where_no_backend_has_a_process_none_is_chosen() -> None:
    wanted = needs(a=load(), b=node("teleport", data=ref("a")))
    assert decide(wanted, [backend("terra"), backend("aurora")]).chosen is None


def test_a_callback_that_the_first_cannot_run_goes_to_the_second() -> None:
    reducer = process(max1=node("max", data={"from_parameter": "data"}))
    wanted = needs(a=load(), r=node("reduce_dimension", data=ref("a"), reducer=reducer))
    routing = decide(wanted, [backend("terra", processes=without("max")), backend("aurora")])
    assert routing.chosen == "aurora"
    assert [str(r) for r in routing.verdicts[0].reasons] == [
        "has no process 'max' (node 'r/reducer/max1')"
    ]


def test_a_process_goes_where_all_its_collections_are() -> None:
    wanted = needs(a=load("S1"), b=load("S2"))
    backends = [
        backend("terra", collections=["S2"]),
        backend("aurora", collections=["S1"]),
        backend("boreal", collections=["S1", "S2"]),
    ]
    assert decide(wanted, backends).chosen == "boreal"


def test_a_backend_that_is_offline_is_judged_but_not_chosen() -> None:
    backends = [backend("terra", online=False), backend("aurora")]
    routing = decide(needs(a=load()), backends)
    assert routing.chosen == "aurora"
    assert routing.verdicts[0].able_if_online
    assert not routing.verdicts[0].able


def test_every_rule_judges_every_backend() -> None:
    wanted = needs(a=load("S1"), b=node("teleport"), c=node("save_result", format="PNG"))
    formats: dict[str, Any] = {"input": {}, "output": {}}
    poor = backend("poor", online=False, collections=["S2"], processes=BASE, file_formats=formats)
    routing = decide(wanted, [poor, poor], explicit="other")
    for verdict in routing.verdicts:
        assert [reason.rule for reason in verdict.reasons] == [
            "online",
            "explicit",
            "collections",
            "processes",
            "output_formats",
        ]


def test_the_request_chooses_a_backend() -> None:
    backends = [backend("terra"), backend("aurora")]
    assert decide(needs(a=load()), backends, explicit="aurora").chosen == "aurora"


def test_the_process_chooses_a_backend() -> None:
    backends = [backend("terra"), backend("aurora")]
    assert decide(needs(a=load(properties=only("aurora"))), backends).chosen == "aurora"


def test_choices_that_exclude_one_another_leave_nobody() -> None:
    backends = [backend("terra"), backend("aurora")]
    wanted = needs(a=load(properties=only("aurora")))
    assert decide(wanted, backends, explicit="terra").chosen is None


def test_federated_job_ids_lead_to_their_backend() -> None:
    backends = [backend("terra"), backend("aurora")]
    assert decide(needs(a=node("load_result", id="aurora-1")), backends).chosen == "aurora"


def test_results_that_anybody_may_read_are_best_read_nearby() -> None:
    backends = [backend("terra"), backend("aurora")]
    wanted = needs(a=node("load_stac", url="https://aurora.example/results?signature=1"))
    routing = decide(wanted, backends, owner_of=lambda url: "aurora" if "aurora" in url else None)
    assert routing.able == ("aurora", "terra")
    assert routing.ranking[0].why == "holds 1 of the results that are read"


def test_the_endpoint_and_the_type_of_service_count() -> None:
    jobs = {"endpoints": [{"path": "/jobs", "methods": ["POST"]}]}
    backends = [backend("terra", capabilities=jobs), backend("aurora", service_types={"XYZ": {}})]
    assert decide(needs(a=load()), backends, operation="POST /result").chosen == "aurora"
    types = [backend("terra", service_types={}), backend("aurora", service_types={"XYZ": {}})]
    assert decide(needs(a=load()), types, service_type="xyz").chosen == "aurora"


def test_a_stated_preference_outweighs_what_is_nearby() -> None:
    wanted = needs(a=node("load_stac", url="https://aurora.example/results?signature=1"))
    routing = decide(
        wanted,
        [backend("terra"), backend("aurora"), backend("boreal")],
        facts=Facts(preferred=("boreal",)),
        owner_of=lambda _: "aurora",
    )
    assert routing.able == ("boreal", "aurora", "terra")


def test_reasons_are_listed_up_to_a_limit() -> None:
    wanted = needs(**{f"n{n}": node(f"unknown_{n}") for n in range(500)})
    (verdict,) = decide(wanted, [backend("terra")]).verdicts
    assert len(verdict.reasons) == 50
    assert verdict.more


def test_without_backends_there_is_nobody() -> None:
    assert decide(needs(a=load()), []).chosen is None


SOME = st.sets(st.sampled_from(["S1", "S2", "S3"]))


@given(st.lists(st.tuples(SOME, st.booleans()), min_size=3, max_size=3), SOME)
def test_the_verdict_on_a_backend_does_not_depend_on_the_others(
    offers: list[tuple[set[str], bool]], asked: set[str]
) -> None:
    wanted = needs(z=node("mean"), **{name.lower(): load(name) for name in sorted(asked)})
    backends = [
        backend(f"b{number}", collections=sorted(collections), online=online)
        for number, (collections, online) in enumerate(offers)
    ]
    able = {f"b{number}" for number, (has, online) in enumerate(offers) if online and asked <= has}
    verdicts = {verdict.backend: verdict for verdict in decide(wanted, backends).verdicts}
    for order in permutations(backends):
        routing = decide(wanted, order)
        assert {verdict.backend: verdict for verdict in routing.verdicts} == verdicts
        assert routing.able == tuple(b.backend for b in order if b.backend in able)


@given(st.permutations(["load1", "load2", "reduce", "save"]))
def test_the_decision_does_not_depend_on_the_order_of_nodes(order: list[str]) -> None:
    nodes = {
        "load1": load("S1"),
        "load2": load("S2"),
        "reduce": node("mean", data=ref("load1")),
        "save": node("save_result", data=ref("reduce"), format="PNG", result=True),
    }
    backends = [backend("terra", collections=["S2"]), backend("aurora", collections=["S1", "S2"])]
    assert decide(needs(**{name: nodes[name] for name in order}), backends).chosen == "aurora"


def test_a_rejection_is_only_for_what_nobody_can_run() -> None:
    with pytest.raises(ValueError, match="terra"):
        decide(needs(a=load()), [backend("terra")]).rejection()
