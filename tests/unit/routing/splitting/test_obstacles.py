from aggregator.routing.splitting import Obstacle, Unsplittable

FOUND = Unsplittable(tuple(Obstacle("nobody", f"no backend can run node 'n{n}'") for n in range(7)))


def test_all_causes_are_listed_for_people() -> None:
    lines = FOUND.explain().splitlines()
    assert lines[0] == "It cannot be split over several backends either:"
    assert lines[1] == "  - no backend can run node 'n0'"
    assert len(lines) == 8


def test_an_error_has_the_first_causes_and_counts_the_others() -> None:
    assert FOUND.sentence() == (
        "It cannot be split over several backends either: no backend can run node 'n0'; no backend "
        "can run node 'n1'; no backend can run node 'n2'; no backend can run node 'n3'; no backend "
        "can run node 'n4'; and 2 more causes."
    )
    assert Unsplittable(FOUND.obstacles[:6]).sentence().endswith("node 'n4'; and 1 more cause.")
    assert (
        Unsplittable(FOUND.obstacles[:1])
        .sentence()
        .endswith("either: no backend can run node 'n0'.")
    )


def test_what_users_name_cannot_spoil_the_terminal() -> None:
    found = Unsplittable((Obstacle("nobody", "node '\x1b[2J\n'"),))
    assert "\x1b" not in found.explain() + found.sentence()
    assert len(found.explain().splitlines()) == 2
