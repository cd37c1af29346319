from aggregator.routing.rules.service_types import judge
from tests.unit.routing.documents import Json, backend, load, needs, said

TYPES: Json = {"XYZ": {"configuration": {}}}


def test_a_type_of_service_that_is_not_offered_is_named() -> None:
    here = backend(service_types=TYPES)
    assert said(judge, needs(a=load()), here, service_type="WMS") == [
        "does not offer web services of type 'WMS'"
    ]


def test_the_case_of_a_type_does_not_matter() -> None:
    assert said(judge, needs(a=load()), backend(service_types=TYPES), service_type="xyz") == []


def test_types_that_are_not_published_or_asked_for_restrict_nothing() -> None:
    assert said(judge, needs(a=load()), backend(), service_type="WMS") == []
    assert said(judge, needs(a=load()), backend(service_types=TYPES)) == []
