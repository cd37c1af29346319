"""Writes `docs/processes.md` from a run: which backend lists a process, and what checked it.

Run as `python -m scripts.process_checks.page`; with `--check` nothing is written and the exit
status says whether the page is what the run gives.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Final

from backends.definitions import PROCESSES_VERSION, definitions
from backends.profile import Profile
from backends.profile_reading import load_profile
from scripts.process_checks.checks import Check, checks
from scripts.process_checks.execution import Runner
from scripts.process_checks.left_out import LEFT_OUT

ROOT: Final = Path(__file__).resolve().parents[2]
PAGE: Final = ROOT / "docs" / "processes.md"
PROFILES: Final = ROOT / "config" / "backends"

_HEAD: Final = f"""\
# Processes

Every process that the simulated backends list, the backends that list it, and the checks that
it passed on each of them. Definitions are those of openEO processes {PROCESSES_VERSION}.

This page is written by `python -m scripts.process_checks.page` from a run of all checks with
the profiles in `config/backends`; a process that fails its checks, or has none, stops it.
More is checked by the tests under `tests/unit/backends/processes`.

"""

_LEFT_OUT: Final = """\

## Not listed

The package defines more than it, or what is installed here, can run.

| Process | It … |
| --- | --- |
"""


def profiles() -> tuple[Profile, ...]:
    """The profiles of the simulated backends, by name."""
    return tuple(load_profile(path) for path in sorted(PROFILES.glob("*.yaml")))


def failures(profile: Profile, items: Iterable[Check]) -> list[str]:
    """The promises that are broken on a backend. Raises what the processes raise."""
    return [item.promise for item in items if not item.judge(Runner(profile))]


def run(found: Mapping[str, tuple[Check, ...]], offering: Iterable[Profile]) -> list[str]:
    """Run all checks on all backends; what went wrong, one line each."""
    wrong: list[str] = []
    for profile in offering:
        for process in profile.processes:
            if not found.get(process):
                wrong.append(f"{profile.id}: nothing checks {process}")
                continue
            broken = failures(profile, found[process])
            wrong += [f"{profile.id}: {process} breaks: {promise}" for promise in broken]
    return wrong


def page(found: Mapping[str, tuple[Check, ...]], offering: Iterable[Profile]) -> str:
    """The page, as it is if all checks are passed."""
    backends = tuple(offering)
    titles = " | ".join(profile.id for profile in backends)
    lines = [f"| Process | {titles} | Checked by |", "| --- |" + " --- |" * (len(backends) + 1)]
    for process in definitions():
        listed = ["yes" if process in profile.processes else "" for profile in backends]
        promises = "; ".join(item.promise for item in found[process])
        lines.append(f"| `{process}` | {' | '.join(listed)} | {promises} |")
    reasons = [f"| `{process}` | {reason} |" for process, reason in LEFT_OUT.items()]
    return _HEAD + "\n".join(lines) + "\n" + _LEFT_OUT + "\n".join(reasons) + "\n"


def main(arguments: list[str]) -> int:
    """Run, then write or compare the page; 0 for a page that is right."""
    found, offering = checks(), profiles()
    wrong = run(found, offering)
    for line in wrong:
        print(line, file=sys.stderr)
    if wrong:
        return 1
    text = page(found, offering)
    if "--check" in arguments:
        current = PAGE.is_file() and PAGE.read_text(encoding="utf-8") == text
        print("current" if current else "docs/processes.md is not what the run gives")
        return 0 if current else 1
    PAGE.write_text(text, encoding="utf-8")
    print(f"wrote {PAGE.relative_to(ROOT)}: {len(definitions())} processes")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
