from tests.unit.routing.policies.documents import in_order, ranked


def test_those_preferred_by_name_come_first_in_their_order() -> None:
    assert in_order(ranked("order", preferred=("boreal", "aurora"))) == in_order(
        {
            "boreal": "number 1 of the order asked for",
            "aurora": "number 2 of the order asked for",
            "terra": "",
        }
    )


def test_the_configured_order_holds_whatever_else_is_known() -> None:
    assert [*ranked("order", costs={"boreal": 0.0, "terra": 9.0})] == ["terra", "aurora", "boreal"]
