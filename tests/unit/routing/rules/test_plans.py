from aggregator.routing import Billing
from aggregator.routing.rules.plans import judge
from tests.unit.routing.documents import Json, backend, load, needs, said

PLANS: Json = {"billing": {"currency": "credits", "plans": [{"name": "gold"}, {"name": "Free"}]}}


def test_a_plan_that_is_not_offered_is_named_with_those_that_are() -> None:
    here = backend(capabilities=PLANS)
    assert said(judge, needs(a=load()), here, billing=Billing(plan="silver")) == [
        "has no billing plan 'silver' (it has Free, gold)"
    ]


def test_a_backend_without_any_plan_has_none() -> None:
    here = backend(capabilities={"billing": {"currency": "credits", "plans": []}})
    assert said(judge, needs(a=load()), here, billing=Billing(plan="silver")) == [
        "has no billing plan 'silver' (it has none)"
    ]


def test_the_case_of_a_plan_does_not_matter() -> None:
    here = backend(capabilities=PLANS)
    assert said(judge, needs(a=load()), here, billing=Billing(plan="FREE")) == []


def test_plans_that_are_not_published_restrict_nothing() -> None:
    assert said(judge, needs(a=load()), backend(), billing=Billing(plan="gold")) == []
    billing = {"billing": {"currency": "credits"}}
    here = backend(capabilities=billing)
    assert said(judge, needs(a=load()), here, billing=Billing(plan="gold")) == []
