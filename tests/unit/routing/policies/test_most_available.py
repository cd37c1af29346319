from aggregator.routing.policies import Probes
from tests.unit.routing.policies.documents import in_order, ranked


def test_who_was_up_most_of_the_time_comes_first() -> None:
    probes = {"terra": Probes(8500, 8640), "aurora": Probes(8639, 8640), "boreal": Probes(0, 8640)}
    assert in_order(ranked("most_available", probes=probes)) == in_order(
        {
            "aurora": "most available: up in 99.98 % of 8640 probes; "
            "next is terra: up in 98.37 % of 8640 probes",
            "terra": "up in 98.37 % of 8640 probes",
            "boreal": "up in 0.00 % of 8640 probes",
        }
    )


def test_less_than_a_tenth_of_a_percent_is_chance_and_the_configured_order_decides() -> None:
    probes = {"terra": Probes(8632, 8640), "aurora": Probes(8639, 8640)}
    found = ranked("most_available", ("terra", "aurora"), probes=probes)
    assert in_order(found) == in_order(
        {
            "terra": "as available as aurora: up in 99.90 % of 8640 probes",
            "aurora": "as available as terra: up in 99.98 % of 8640 probes",
        }
    )


def test_a_few_probes_prove_nothing() -> None:
    probes = {"terra": Probes(99, 99), "aurora": Probes(90, 100)}
    assert in_order(ranked("most_available", probes=probes)) == in_order(
        {
            "aurora": "most available: up in 90.00 % of 100 probes",
            "terra": "it was probed only 99 times yet",
            "boreal": "it was not monitored yet",
        }
    )


def test_without_a_monitor_the_configured_order_stays() -> None:
    assert in_order(ranked("most_available", probes={"boreal": Probes(0, 0)})) == in_order(
        {
            "terra": "first in configured order: of none there are enough probes",
            "aurora": "",
            "boreal": "",
        }
    )
