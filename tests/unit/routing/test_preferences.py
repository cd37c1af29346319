from collections.abc import Sequence

from aggregator.routing import Abilities, Requirements
from aggregator.routing.preferences import NearData, Rating, Reachable, rank
from tests.unit.routing.documents import backend, load, needs, node


def test_what_rates_equals_sees_only_those_that_no_preference_tells_apart() -> None:
    able = [backend("terra"), backend("aurora"), backend("boreal")]
    asked: list[tuple[list[str], bool]] = []

    def not_terra(_needs: Requirements, judged: Abilities) -> Rating:
        return Rating(judged.backend == "terra")

    def backwards(names: Sequence[str], leading: bool) -> dict[str, Rating]:
        asked.append(([*names], leading))
        return {name: Rating(-place) for place, name in enumerate(names)}

    ranked = rank(needs(a=load()), able, [not_terra], [backwards])
    assert [entry.backend for entry in ranked] == ["boreal", "aurora", "terra"]
    assert asked == [(["aurora", "boreal"], True), (["terra"], False)]


def test_the_first_preference_outweighs_the_next() -> None:
    def aurora_first(_needs: Requirements, judged: Abilities) -> Rating:
        return Rating(judged.backend != "aurora", "is aurora")

    def short_names(_needs: Requirements, judged: Abilities) -> Rating:
        return Rating(len(judged.backend), "has a short name")

    able = [backend("terra"), backend("aurora")]
    ranked = rank(needs(a=load()), able, [aurora_first, short_names])
    assert [entry.backend for entry in ranked] == ["aurora", "terra"]
    assert ranked[0].why == "is aurora, has a short name"


def test_where_the_user_is_known_comes_first() -> None:
    able = [backend("terra"), backend("aurora")]
    ranked = rank(needs(a=load()), able, [Reachable(["aurora"])])
    assert [(entry.backend, entry.why) for entry in ranked] == [
        ("aurora", ""),
        ("terra", "though your login does not count there"),
    ]


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


def test_a_result_that_binds_to_its_backend_makes_none_nearer() -> None:
    near = NearData(lambda _: "terra")
    assert near(needs(a=node("load_result", id="terra-1")), backend("terra")) == Rating(0)
