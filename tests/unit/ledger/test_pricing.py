"""From usage to credits."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from aggregator.errors import PermissionsInsufficient
from aggregator.ledger.amounts import LARGEST, MILLICREDITS, quantity, rounded, to_credits
from aggregator.ledger.pricing import Item, Rate, TariffError, capped, gather, read_tariff
from aggregator.ledger.reports import read_added_value, read_resources
from tests.unit.ledger.documents import AURORA, TERRA, added_value, resources, tariff, tariffs


def test_the_worked_example_of_the_documentation_costs_seven_credits_seventysix() -> None:
    report = read_resources(
        resources(
            metrics={
                "cpu": {"value": 5099, "unit": "cpu-seconds"},
                "memory": {"value": 13400773, "unit": "mb-seconds"},
                "processing": {"value": 2.0, "unit": "credits"},
            }
        )
    )
    items = tariff().price(report)
    assert items == (Item("cpu-seconds", 2125), Item("mb-seconds", 3635), Item("credits", 2000))
    assert sum(item.cost for item in items) == 7760


def test_the_request_of_the_contract_costs_three_and_four_credits_and_a_fee_of_two() -> None:
    items = tariff().price(read_resources(resources()))
    assert [to_credits(item.cost) for item in items] == [3.0, 4.0, 2.0]


def test_assumed_usage_costs_five_and_a_quarter_credits_and_the_fee() -> None:
    assert tariff().estimate("batch") == 5250 + 2000


def test_known_usage_replaces_what_an_estimate_assumes() -> None:
    measured = read_resources(resources(metrics={"cpu": {"value": 0, "unit": "cpu-seconds"}}))
    assert tariff().estimate("batch", measured.measures) == 3000 + 2000


def test_a_priced_service_costs_by_the_area() -> None:
    report = read_added_value(added_value())
    assert tariff().price(report) == (Item("biopar", 2500),)


def test_what_has_no_rate_costs_nothing_and_is_still_answered() -> None:
    report = read_added_value(added_value(service="ndvi"))
    assert [item.cost for item in tariff().price(report)] == [0]
    assert [item.cost for item in tariff(AURORA, rates={}).items(())] == [0]


def test_a_rate_is_for_one_unit_unless_it_says_for_how_many() -> None:
    shpu = {"processing": {"value": 3, "unit": "shpu"}}
    report = read_resources(resources(metrics=shpu))
    priced = tariff(rates={"shpu": {"credits": 0.5}})
    assert priced.price(report) == (Item("shpu", 1500),)


def test_halves_of_a_millicredit_go_up() -> None:
    assert [rounded(Fraction(number, 2)) for number in (1, 2, 3, 5, -1, -5)] == [1, 1, 2, 3, 0, -2]
    assert Rate("cpu-seconds", 1, 2).cost(Fraction(1)) == 1


def test_numbers_mean_what_is_written() -> None:
    assert quantity(0.1) == Fraction(1, 10)
    assert quantity(0.3) * MILLICREDITS == 300
    with pytest.raises(ValueError, match="finite"):
        quantity(float("nan"))


@settings(deadline=None)
@given(st.integers(0, 10**14), st.integers(0, 10**14))
def test_more_usage_never_costs_less(one: int, other: int) -> None:
    rate = Rate("mb-seconds", 1000, 3686400)
    less, more = sorted((one, other))
    assert rate.cost(Fraction(less)) <= rate.cost(Fraction(more))


@settings(deadline=None)
@given(st.integers(0, LARGEST))
def test_millicredits_survive_being_shown(amount: int) -> None:
    assert rounded(quantity(to_credits(amount)) * MILLICREDITS) == amount


def test_a_budget_cuts_the_last_items() -> None:
    items = (Item("cpu-seconds", 3000), Item("mb-seconds", 4000), Item("credits", 2000))
    assert [item.cost for item in capped(items, 5000)] == [3000, 2000, 0]
    assert [item.cost for item in capped(items, -1)] == [0, 0, 0]
    assert capped(items, 9000) == items


def test_a_provider_reports_only_for_its_own_source() -> None:
    assert tariffs().reported_by("terra", "terra-accounting").provider == "terra"
    with pytest.raises(PermissionsInsufficient, match="source 'terra'"):
        tariffs().reported_by("terra", "aurora-accounting")
    assert tariffs().reports_for("aurora-accounting") == ("aurora",)
    assert tariffs().reports_for("alice") == ()


def test_an_unknown_source_is_refused_in_the_words_of_a_foreign_one() -> None:
    with pytest.raises(PermissionsInsufficient) as foreign:
        tariffs().reported_by("terra", "nobody")
    with pytest.raises(PermissionsInsufficient) as unknown:
        tariffs().reported_by("mars", "nobody")
    assert foreign.value.message.replace("terra", "mars") == unknown.value.message


def test_a_published_tariff_tells_rates_and_free_credits_but_not_who_reports() -> None:
    assert tariff(documentation="https://terra.example/prices").as_json() == {
        "provider": "terra",
        "title": "Terra Observatory",
        "currency": "credits",
        "documentation": "https://terra.example/prices",
        "sources": ["terra"],
        "rates": {
            "cpu-seconds": {"credits": 1.5, "per": 3600, "unit": "cpu-seconds"},
            "mb-seconds": {"credits": 1.0, "per": 3_686_400, "unit": "mb-seconds"},
        },
        "services": {"biopar": {"credits": 1.0, "per": 1_000_000, "unit": "square_meter"}},
        "estimates": {"batch": 7.25},
        "free_credits_per_month": {"general": 100.0, "copernicus": 150.0},
        "rounding": "Each item to the nearest thousandth of a credit, halves up.",
    }


def test_a_tariff_needs_only_a_provider_and_tells_then_its_id_as_title_and_source() -> None:
    least = read_tariff({"provider": "terra"})
    assert (least.title, least.documentation, least.sources) == ("terra", "", ("terra",))
    assert least.as_json()["documentation"] is None
    assert not least.expects("batch")
    assert least.least() == least.estimate("batch") == 0
    assert tariffs().of("mars").items(()) == (Item("nothing priced", 0),)
    assert tariffs().of("terra").expects("batch")


def test_the_least_that_work_costs_is_that_of_its_cheapest_kind() -> None:
    known = {"batch": {"credits": 3}, "synchronous": {"credits": 1}, "service": {"credits": 2}}
    assert tariff(defaults=known).least() == 1000


@pytest.mark.parametrize(
    "changes",
    [
        {"rates": {"cpu-seconds": {"credits": 0}}},
        {"rates": {"cpu-seconds": {"credits": 10**12, "per": 1}}},
        {"defaults": {"batch": {"credits": 0, "cpu-seconds": 0.5}}},
        {"services": {"biopar": {"credits": 0.001}}},
    ],
)
def test_the_smallest_and_largest_numbers_are_taken(changes: dict[str, Any]) -> None:
    assert tariff(**changes).provider == "terra"


PRICE = "{credits: NUMBER, per: NUMBER OF UNITS}"
CREDITS = "credits: 0 or more, with three decimals at the most"
AMOUNT = "an amount in one of cpu-seconds, mb-seconds, milliseconds, shpu, credits, square_meter"


@pytest.mark.parametrize(
    ("changes", "mistakes"),
    [
        ({"provider": None}, ["provider must be text"]),
        (
            {"provider": "Terra!"},
            ["provider must be the id of a backend: lower-case letters, digits and underscores"],
        ),
        (
            {"provider": "all"},
            ["provider must be another word, as usage can be asked for of 'all'"],
        ),
        ({"provider": "me"}, ["provider must be another word, as usage can be asked for of 'me'"]),
        ({"title": 7}, ["title must be text"]),
        ({"title": "  "}, ["title must be text"]),
        ({"sources": "terra"}, ["sources must be a list of texts"]),
        ({"reporters": [""]}, ["reporters must be a list of texts"]),
        ({"reporters": [7]}, ["reporters must be a list of texts"]),
        ({"rates": []}, ["rates must be a mapping"]),
        ({"services": {1: {"credits": 1}}}, ["services must be a mapping"]),
        ({"rates": {"shpu": 3}}, [f"rates.shpu must be {PRICE}"]),
        ({"rates": {"shpu": {"per": 1}}}, [f"rates.shpu must be {PRICE}"]),
        ({"rates": {"shpu": {"credits": 1, "at": 2}}}, [f"rates.shpu must be {PRICE}"]),
        (
            {
                "rates": {
                    "shpu": {"credits": 1, "per": 0},
                    "milliseconds": {"credits": 1, "per": 1.5},
                }
            },
            [
                "rates.shpu.per must be a whole number of units, 1 or more",
                "rates.milliseconds.per must be a whole number of units, 1 or more",
            ],
        ),
        (
            {"rates": {"credits": {"credits": 2}, "shpu": {"credits": -1}}},
            [
                "rates.credits must be one of cpu-seconds, mb-seconds, milliseconds, shpu",
                f"rates.shpu.credits must be {CREDITS}",
            ],
        ),
        (
            {"services": {"biopar": {"credits": 0.0001}}},
            [f"services.biopar.credits must be {CREDITS}"],
        ),
        (
            {"services": {"biopar": {"credits": True}}},
            [f"services.biopar.credits must be {CREDITS}"],
        ),
        (
            {"services": {"biopar": {"credits": "1"}}},
            [f"services.biopar.credits must be {CREDITS}"],
        ),
        (
            {"free_credits_per_month": {"general": float("inf"), "all": 10**13}},
            [
                f"free_credits_per_month.general must be {CREDITS}",
                f"free_credits_per_month.all must be {CREDITS}",
            ],
        ),
        (
            {"defaults": {"sometimes": {}, "batch": 3, "synchronous": {"cpu-hours": 1}}},
            [
                "defaults.sometimes must be batch, synchronous, service: amounts by unit",
                "defaults.batch must be batch, synchronous, service: amounts by unit",
                f"defaults.synchronous.cpu-hours must be {AMOUNT}",
            ],
        ),
        ({"defaults": {"batch": {"shpu": "1"}}}, [f"defaults.batch.shpu must be {AMOUNT}"]),
        ({"defaults": {"batch": {"shpu": True}}}, [f"defaults.batch.shpu must be {AMOUNT}"]),
        ({"defaults": {"batch": {"shpu": -1}}}, [f"defaults.batch.shpu must be {AMOUNT}"]),
        ({"defaults": {"batch": {"shpu": 1e30}}}, [f"defaults.batch.shpu must be {AMOUNT}"]),
        (
            {"reporter": ["x"], "title": 7},
            ["title must be text", "reporter is not a setting"],
        ),
    ],
)
def test_a_tariff_names_all_its_mistakes_with_their_keys(
    changes: dict[str, Any], mistakes: list[str]
) -> None:
    with pytest.raises(TariffError) as error:
        read_tariff(TERRA | changes, "terra.yaml")
    assert error.value.mistakes == tuple(mistakes)
    assert str(error.value) == "terra.yaml: " + "; ".join(mistakes)


def test_two_providers_cannot_claim_one_source() -> None:
    with pytest.raises(TariffError, match="source 'terra' is claimed by terra and aurora"):
        gather([tariff(TERRA), tariff(AURORA, sources=["terra"])])


def test_a_provider_has_one_tariff() -> None:
    with pytest.raises(TariffError, match="there are two tariffs of 'terra'"):
        gather([tariff(TERRA), tariff(TERRA)])


@pytest.mark.parametrize("document", [None, [], "terra"])
def test_what_is_no_mapping_is_no_tariff(document: Any) -> None:
    with pytest.raises(TariffError, match="mapping"):
        read_tariff(document)
