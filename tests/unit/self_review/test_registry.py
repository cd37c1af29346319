"""Each requirement has one check, which is a small function of what was asked."""

from __future__ import annotations

import pytest

from scripts.self_review.backend import Backend
from scripts.self_review.catalogue import MANUAL, load
from scripts.self_review.findings import Outcome, passed
from scripts.self_review.registry import (
    CHECKS,
    DERIVED,
    RegistrationError,
    check,
    check_each,
    load_checks,
)


def judge(_backend: Backend) -> Outcome:
    return passed("Good.")


def test_every_requirement_but_statements_and_outdated_ones_has_a_check() -> None:
    load_checks()
    wanted = {row.id for row in load() if row.method != MANUAL and not row.superseded_by}
    assert wanted - CHECKS.keys() - DERIVED.keys() == set()


def test_a_check_of_what_is_not_in_the_catalogue_is_a_mistake() -> None:
    with pytest.raises(RegistrationError, match="api-0 is not in the catalogue"):
        check("api-0")(judge)


def test_a_second_check_of_a_requirement_is_a_mistake() -> None:
    load_checks()
    with pytest.raises(RegistrationError, match="api-43 has a check already"):
        check("api-43")(judge)


def test_a_check_for_no_requirement_is_a_mistake() -> None:
    with pytest.raises(RegistrationError, match="is for no requirement"):
        check_each(lambda _row: False)(lambda _backend, _row: passed("Good."))
