from dataclasses import replace

from aggregator.routing.rules.standing import judge
from tests.unit.routing.documents import backend, load, needs, said


def test_a_backend_that_is_excluded_takes_no_new_work() -> None:
    excluded = replace(backend(), excluded="is excluded since 2026-05-04T00:00:00Z: two warnings")
    assert said(judge, needs(a=load()), excluded) == [
        "takes no new work: it is excluded since 2026-05-04T00:00:00Z: two warnings"
    ]


def test_a_backend_that_is_not_excluded_is_fine() -> None:
    assert said(judge, needs(a=load()), backend()) == []
