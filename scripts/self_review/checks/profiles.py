"""What follows for whole profiles from the findings on their rows."""

from __future__ import annotations

from collections.abc import Sequence

from scripts.self_review.catalogue import Catalogue, Requirement
from scripts.self_review.findings import Finding, Outcome, Verdict, failed, passed
from scripts.self_review.registry import Lookup, derived
from scripts.self_review.verdicts import blocking

API = ("api-L1", "api-L1A", "api-L1B", "api-L2", "api-LP")
PROCESSES = ("processes-L1", "processes-L2", "processes-L2P", "processes-L2A")


@derived("profile-api")
def the_api_profiles_are_met(finding: Lookup, catalogue: Catalogue) -> Outcome:
    return _met(_rows(catalogue, API), finding)


@derived("profile-processes")
def the_process_profiles_are_met(finding: Lookup, catalogue: Catalogue) -> Outcome:
    return _met(_rows(catalogue, PROCESSES), finding)


def _rows(catalogue: Catalogue, profiles: Sequence[str]) -> list[Requirement]:
    return [r for r in catalogue if set(profiles) & set(r.profiles) and catalogue.in_minimum(r)]


def _met(rows: Sequence[Requirement], finding: Lookup) -> Outcome:
    found: list[Finding] = [finding(row.id) for row in rows]
    fails = [one.id for one in found if one.verdict is Verdict.FAIL]
    if fails:
        more = f" and {len(fails) - 8} more" if len(fails) > 8 else ""
        return failed(f"{len(fails)} of {len(rows)} rows fail: {', '.join(fails[:8])}{more}.")
    unknown = [one for one in found if blocking(one)]
    if unknown:
        return unknown[0].outcome
    return passed(f"No row of {len(rows)} fails.", looked_at=f"{len(rows)} rows")
