"""Which function judges which requirement.

A check is a function of the examined backend that returns an `Outcome`:

    @check("api-43")
    def an_output_format_is_offered(backend: Backend) -> Outcome: ...

A check for many rows that differ in their data only takes the requirement too:

    @check_each(lambda row: row.process is not None and row.parent is None)
    def the_process_is_offered(backend: Backend, row: Requirement) -> Outcome: ...

A check that follows from other findings takes what looks them up:

    @derived("profile-api")
    def all_api_profiles_are_met(finding: Lookup, catalogue: Catalogue) -> Outcome: ...
"""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from functools import cache
from typing import TypeVar

from scripts.self_review.backend import Backend
from scripts.self_review.catalogue import Catalogue, Requirement, load
from scripts.self_review.findings import Finding, Outcome

T = TypeVar("T")
Judge = Callable[[Backend], Outcome]
JudgeRow = Callable[[Backend, Requirement], Outcome]
Lookup = Callable[[str], Finding]
JudgeFindings = Callable[[Lookup, Catalogue], Outcome]

CHECKS: dict[str, JudgeRow] = {}
DERIVED: dict[str, JudgeFindings] = {}


class RegistrationError(Exception):
    """A check names a requirement that is not in the catalogue, or that has a check already."""


def check(*ids: str) -> Callable[[Judge], Judge]:
    """Registers a function as the check of these requirements."""

    def register(judge: Judge) -> Judge:
        for one in ids:
            _add(CHECKS, one, lambda backend, _row: judge(backend))
        return judge

    return register


def check_each(selected: Callable[[Requirement], bool]) -> Callable[[JudgeRow], JudgeRow]:
    """Registers a function as the check of every requirement that is selected."""

    def register(judge: JudgeRow) -> JudgeRow:
        rows = [row.id for row in load() if selected(row)]
        if not rows:
            raise RegistrationError(f"{judge.__name__} is for no requirement")
        for one in rows:
            _add(CHECKS, one, judge)
        return judge

    return register


def derived(*ids: str) -> Callable[[JudgeFindings], JudgeFindings]:
    """Registers a function that judges these requirements by the findings of others."""

    def register(judge: JudgeFindings) -> JudgeFindings:
        for one in ids:
            _add(DERIVED, one, judge)
        return judge

    return register


def _add(table: dict[str, T], requirement: str, judge: T) -> None:
    if requirement not in load().requirements:
        raise RegistrationError(f"{requirement} is not in the catalogue")
    if requirement in CHECKS or requirement in DERIVED:
        raise RegistrationError(f"{requirement} has a check already")
    table[requirement] = judge


@cache
def load_checks() -> None:
    """Imports every module of `checks`, so that all are registered."""
    package = importlib.import_module("scripts.self_review.checks")
    for module in pkgutil.iter_modules(package.__path__):
        importlib.import_module(f"{package.__name__}.{module.name}")
