from aggregator.routing.preferences import InOrder, NearData, Rating, rank
from tests.unit.routing.documents import backend, load, needs, node


def test_backends_are_ranked_by_the_order_asked_for() -> None:
    able = [backend("terra"), backend("aurora"), backend("boreal")]
    ranked = rank(needs(a=load()), able, [InOrder(["boreal", "aurora"])])
    assert [entry.backend for entry in ranked] == ["boreal", "aurora", "terra"]


def test_configured_order_breaks_ties() -> None:
    able = [backend("terra"), backend("aurora"), backend("boreal")]
    assert [entry.backend for entry in rank(needs(a=load()), able, [])] == [
        "terra",
        "aurora",
        "boreal",
    ]


def test_who_holds_more_of_what_is_read_is_nearer() -> None:
    wanted = needs(
        a=node("load_stac", url="https://terra/1?s"),
        b=node("load_stac", url="https://aurora/1?s"),
        c=node("load_stac", url="https://aurora/2?s"),
    )
    near = NearData(lambda url: url.split("/")[2])
    assert near(wanted, backend("aurora")) == Rating(-2, "holds 2 of the results that are read")
    assert near(wanted, backend("terra")).value == -1
    assert near(wanted, backend("boreal")) == Rating(0)
