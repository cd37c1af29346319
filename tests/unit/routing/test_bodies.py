from copy import deepcopy
from typing import Any

import pytest

from aggregator.errors import NoBackendForProcess, PolicyUnsupported, TilesInvalid
from aggregator.routing import read_choice, read_policy, without_choice
from aggregator.routing.bodies import choices_in, read_tiles


@pytest.mark.parametrize(
    "body",
    [
        {"federation:backend": "terra"},
        {"federation:force-backend": "terra"},
        {"job_options": {"federation:backend": "terra", "memory": 3}},
        {"job_options": {"federation:force-backend": "terra"}},
        {"federation:backend": "terra", "job_options": {"federation:backend": "terra"}},
    ],
)
def test_a_choice_is_read_wherever_it_stands(body: dict[str, Any]) -> None:
    assert read_choice(body) == "terra"
    assert read_choice(body, base="terra") == "terra"


def test_the_address_chooses_too() -> None:
    assert read_choice({}, base="aurora") == "aurora"


@pytest.mark.parametrize("body", [{}, {"federation:backend": None}, {"job_options": "x"}])
def test_without_a_choice_there_is_none(body: dict[str, Any]) -> None:
    assert read_choice(body) is None


def test_two_choices_are_refused_and_both_are_named() -> None:
    body = {"federation:backend": "terra", "job_options": {"federation:backend": "aurora"}}
    with pytest.raises(NoBackendForProcess) as caught:
        read_choice(body)
    assert "'terra' in the property 'federation:backend'" in caught.value.message
    assert "'aurora' in the property 'federation:backend' of 'job_options'" in caught.value.message
    with pytest.raises(NoBackendForProcess, match="'boreal' in the address"):
        read_choice({"federation:backend": "terra"}, base="boreal")


@pytest.mark.parametrize("odd", [3, "", [], ["terra"], {"terra": 1}, False])
def test_a_choice_that_names_no_backend_is_refused(odd: Any) -> None:
    with pytest.raises(NoBackendForProcess, match="must be the id of one backend"):
        read_choice({"federation:backend": odd})


def test_the_choice_is_not_forwarded_and_everything_else_is() -> None:
    body = {
        "title": "a",
        "unknown": {"federation:backend": "stays"},
        "federation:backend": "terra",
        "federation:force-backend": "terra",
        "job_options": {"federation:backend": "terra", "memory": 3},
    }
    before = deepcopy(body)
    assert without_choice(body) == {
        "title": "a",
        "unknown": {"federation:backend": "stays"},
        "job_options": {"memory": 3},
    }
    assert body == before


def test_options_that_held_only_the_choice_are_not_forwarded() -> None:
    assert without_choice({"job_options": {"federation:backend": "terra"}}) == {}
    assert without_choice({"job_options": {}}) == {"job_options": {}}


@pytest.mark.parametrize(
    "body",
    [
        {"federation:policy": "cheapest"},
        {"job_options": {"federation:policy": "cheapest", "memory": 3}},
        {"federation:policy": "cheapest", "options": {"federation:policy": "cheapest"}},
    ],
)
def test_a_policy_is_read_wherever_it_stands_and_is_not_forwarded(body: dict[str, Any]) -> None:
    found = read_policy(body)
    assert found is not None
    assert found.name == "cheapest"
    assert "federation:policy" not in str(without_choice(body))


def test_without_a_policy_there_is_none() -> None:
    assert read_policy({"federation:policy": None, "job_options": {}}) is None


@pytest.mark.parametrize("odd", ["dearest", "", 3, ["spread"], {"spread": 1}, False])
def test_a_policy_that_does_not_exist_is_refused_and_those_that_do_are_named(odd: Any) -> None:
    with pytest.raises(PolicyUnsupported) as caught:
        read_policy({"job_options": {"federation:policy": odd}})
    assert caught.value.status == 400
    assert "the property 'federation:policy' of 'job_options' is" in caught.value.message
    assert "There are: order, cheapest, least_loaded, most_available, spread." in str(caught.value)


def test_two_policies_are_refused_and_both_are_named() -> None:
    body = {"federation:policy": "spread", "job_options": {"federation:policy": "order"}}
    with pytest.raises(PolicyUnsupported, match=r"'spread' in .* and 'order' in.*: order, cheap"):
        read_policy(body)
    with pytest.raises(PolicyUnsupported, match="'federation:policy' is 'dearest'"):
        read_policy({"federation:policy": "dearest"})


def test_tiles_are_asked_for_in_one_place() -> None:
    assert read_tiles({"federation:tiles": {"size": 1}}) == {"size": 1}
    assert read_tiles({"job_options": {"federation:tiles": [1]}}) == [1]
    assert read_tiles({"federation:tiles": None, "options": {}}) is None
    twice = {"federation:tiles": 1, "job_options": {"federation:tiles": 1}}
    with pytest.raises(TilesInvalid) as caught:
        read_tiles(twice)
    assert (
        "it is there twice, in the property 'federation:tiles' and in the property "
        "'federation:tiles' of 'job_options'"
    ) in caught.value.message
    with pytest.raises(TilesInvalid):
        choices_in(twice)


def test_all_choices_are_found_once_as_properties_of_the_body() -> None:
    body = {
        "title": "a",
        "federation:tiles": {"size": 1},
        "options": {"federation:force-backend": "terra", "federation:policy": "spread"},
        "job_options": {"federation:policy": "spread", "memory": 3},
    }
    assert choices_in(body) == {
        "federation:backend": "terra",
        "federation:policy": "spread",
        "federation:tiles": {"size": 1},
    }
    assert choices_in({"job_options": {"memory": 3}}) == {}
    with pytest.raises(PolicyUnsupported):
        choices_in({"federation:policy": "dearest"})
    with pytest.raises(NoBackendForProcess):
        choices_in({"federation:backend": 3})
