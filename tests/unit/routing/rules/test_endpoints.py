from aggregator.routing.rules.endpoints import judge
from tests.unit.routing.documents import backend, load, needs, said

LISTED = {
    "endpoints": [
        {"path": "/result", "methods": ["POST"]},
        {"path": "/jobs/{job_id}/results", "methods": ["GET", "post"]},
    ]
}


def test_an_endpoint_that_is_not_offered_is_named() -> None:
    here = backend(capabilities=LISTED)
    assert said(judge, needs(a=load()), here, operation="POST /jobs") == [
        "does not offer 'POST /jobs'"
    ]


def test_an_endpoint_is_known_whatever_its_placeholders_are_called() -> None:
    here = backend(capabilities=LISTED)
    assert said(judge, needs(a=load()), here, operation="POST /result") == []
    assert said(judge, needs(a=load()), here, operation="POST /jobs/{id}/results") == []


def test_endpoints_that_are_not_listed_or_asked_for_restrict_nothing() -> None:
    assert said(judge, needs(a=load()), backend(), operation="POST /jobs") == []
    assert said(judge, needs(a=load()), backend(capabilities=LISTED)) == []
