from tests.unit.routing.policies.documents import in_order, ranked


def test_who_charges_less_comes_first_and_the_ranking_says_how_much() -> None:
    assert in_order(
        ranked("cheapest", costs={"terra": 0.3, "aurora": 0.12, "boreal": 7.25})
    ) == in_order(
        {
            "aurora": "cheapest: 0.12 credits by its rates; "
            "next is terra: 0.3 credits by its rates",
            "terra": "0.3 credits by its rates",
            "boreal": "7.25 credits by its rates",
        }
    )


def test_whose_rates_are_not_known_comes_after_all_whose_are() -> None:
    assert in_order(ranked("cheapest", costs={"boreal": 7.25})) == in_order(
        {
            "boreal": "cheapest: 7.25 credits by its rates",
            "terra": "its rates are not known",
            "aurora": "its rates are not known",
        }
    )


def test_what_is_free_is_cheapest_and_not_unknown() -> None:
    assert [*ranked("cheapest", costs={"terra": 0.1, "boreal": 0.0})] == [
        "boreal",
        "terra",
        "aurora",
    ]


def test_of_equal_prices_the_configured_order_decides() -> None:
    assert in_order(
        ranked("cheapest", costs={"terra": 1.0, "aurora": 0.5, "boreal": 0.5})
    ) == in_order(
        {
            "aurora": "as cheap as boreal: 0.5 credits by its rates; "
            "next is terra: 1 credits by its rates",
            "boreal": "as cheap as aurora: 0.5 credits by its rates; "
            "next is terra: 1 credits by its rates",
            "terra": "1 credits by its rates",
        }
    )


def test_without_any_rates_the_configured_order_stays_and_says_so() -> None:
    assert in_order(ranked("cheapest")) == in_order(
        {
            "terra": "first in configured order: no rates are known",
            "aurora": "",
            "boreal": "",
        }
    )


def test_those_preferred_by_name_go_first_only_where_prices_are_equal() -> None:
    costs = {"terra": 0.5, "aurora": 0.5, "boreal": 0.6}
    assert [*ranked("cheapest", costs=costs, preferred=("boreal", "aurora"))] == [
        "aurora",
        "terra",
        "boreal",
    ]
