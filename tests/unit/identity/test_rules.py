"""Users must have one of the entitlements, and one of the subscriptions, that are asked for."""

from __future__ import annotations

import pytest

from aggregator.identity.claims import values_in
from aggregator.identity.rules import Rules

EGI = "urn:mace:egi.eu:group:vo.openeo.cloud:role=early_adopter#aai.egi.eu"


def test_without_rules_everybody_may() -> None:
    assert Rules().refusal((), ()) is None


@pytest.mark.parametrize(
    ("held", "may"),
    [
        ([EGI], True),
        (["other", EGI], True),
        (["urn:mace:egi.eu:group:vo.openeo.cloud:role=member#x"], True),
        (["urn:mace:egi.eu:group:vo.openeo.cloud.evil:role=x"], False),
        ([EGI.upper()], False),
        ([], False),
    ],
)
def test_one_of_the_entitlements_will_do(held: list[str], may: bool) -> None:
    rules = Rules(entitlements=("admin", "urn:mace:egi.eu:group:vo.openeo.cloud:*"))
    assert (rules.refusal(held, ()) is None) is may


def test_a_pattern_covers_the_whole_value() -> None:
    rules = Rules(subscriptions=("general",))
    assert rules.refusal((), ["generals"]) and rules.refusal((), ["a general"])
    assert rules.refusal((), ["general\n"]) and rules.refusal((), ["general"]) is None


def test_who_lacks_something_is_told_what_and_where_it_is_to_be_had() -> None:
    rules = Rules(("urn:a", "urn:b"), ("general",), "https://join.example")
    both = rules.refusal((), ())
    assert both is not None and (both.code, both.status) == ("PermissionsInsufficient", 403)
    assert both.message == (
        "Your account lacks any of the entitlements 'urn:a', 'urn:b' and the subscription "
        "'general', which this federation asks for. You can get it at https://join.example"
    )
    assert both.as_json()["url"] == "https://join.example"
    one = rules.refusal(["urn:b"], ())
    assert one is not None and "urn:" not in one.message and "'general'" in one.message
    assert rules.refusal(["urn:b"], ["general"]) is None


def test_who_came_with_a_password_is_told_how_to_show_what_is_asked_for() -> None:
    rules = Rules(("urn:a",), ("general", "copernicus"), "https://join.example")
    error = rules.refusal((), (), with_password=True)
    assert error is not None and (error.code, error.status) == ("PermissionsInsufficient", 403)
    assert error.message == (
        "A login with a password does not show the entitlement 'urn:a' and any of the "
        "subscriptions 'general', 'copernicus', which this federation asks for. Log in with OpenID "
        "Connect. Accounts get it at https://join.example"
    )
    assert error.as_json()["url"] == "https://join.example"
    assert Rules().refusal((), (), with_password=True) is None


@pytest.mark.parametrize(
    ("path", "found"),
    [
        ("roles", ("a", "b")),
        ("realm_access.roles", ("c",)),
        ("https://x.example/roles", ("d",)),
        ("resource_access.my.client.roles", ("e",)),
        ("one", ("f",)),
        ("nothing", ()),
        ("roles.deeper", ()),
        ("number", ()),
    ],
)
def test_a_claim_may_stand_within_others_or_have_dots_in_its_name(
    path: str, found: tuple[str, ...]
) -> None:
    claims = {
        "roles": ["a", "b", "a", 1, None],
        "realm_access": {"roles": ["c"]},
        "https://x.example/roles": ["d"],
        "resource_access": {"my.client": {"roles": ["e"]}},
        "one": "f",
        "number": 7,
    }
    assert values_in(claims, [path]) == found
