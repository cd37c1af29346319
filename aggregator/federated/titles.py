"""The mark by which a part is found again at its backend: it ends the title of the job there."""

from __future__ import annotations

import re

MARK = re.compile(r" ?\[(federation-[0-9a-f]{32})/([^\s/\]]+)(?:/(\d+))?\]$")


def mark(job: str, part: str, run: int = 1) -> str:
    """The mark of a part: `[federation-…/part2]`, in a later run `[federation-…/part2/2]`."""
    return f"[{job}/{part}]" if run == 1 else f"[{job}/{part}/{run}]"


def marked(title: str, job: str, part: str, run: int = 1) -> str:
    """The title of a part's job at its backend."""
    return f"{title} {mark(job, part, run)}".strip()


def job_in(title: object) -> str:
    """The federated job of which a title says that this is a part; empty if it says so of none."""
    found = MARK.search(title) if isinstance(title, str) else None
    return found[1] if found else ""
