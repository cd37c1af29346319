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
    published = tariff().as_json()
    assert published["rates"]["cpu-seconds"] == {
        "credits": 1.5,
        "per": 3600,
        "unit": "cpu-seconds",
    }
    assert published["free_credits_per_month"] == {"general": 100.0, "copernicus": 150.0}
    assert published["estimates"] == {"batch": 7.25}
    assert "terra-accounting" not in str(published)


def test_a_tariff_names_all_its_mistakes_with_their_keys() -> None:
    document: dict[str, Any] = {
        "provider": "Terra!",
        "rates": {
            "cpu-seconds": {"credits": -1},
            "credits": {"credits": 2},
            "mb-seconds": {"credits": 1, "per": 0},
            "shpu": 3,
        },
        "services": {"biopar": {"credits": 0.0001}},
        "defaults": {"batch": {"cpu-hours": 1}, "sometimes": {}},
        "free_credits_per_month": {"general": float("inf")},
        "reporter": ["x"],
    }
    with pytest.raises(TariffError) as error:
        read_tariff(document)
    said = "\n".join(error.value.mistakes)
    for key in (
        "provider",
        "rates.cpu-seconds.credits",
        "rates.credits",
        "rates.mb-seconds.per",
        "rates.shpu",
        "services.biopar.credits",
        "defaults.batch.cpu-hours",
        "defaults.sometimes",
        "free_credits_per_month.general",
    ):
        assert f"{key} must be" in said
    assert "reporter is not a setting" in said


def test_two_providers_cannot_claim_one_source() -> None:
    with pytest.raises(TariffError, match="source 'terra' is claimed by terra and aurora"):
        gather([tariff(TERRA), tariff(AURORA, sources=["terra"])])


@pytest.mark.parametrize("document", [None, [], "terra"])
def test_what_is_no_mapping_is_no_tariff(document: Any) -> None:
    with pytest.raises(TariffError, match="mapping"):
        read_tariff(document)
