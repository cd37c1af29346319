"""What an operator can configure.

`load(path)` gives frozen `Settings` read from YAML, or raises `SettingsError` with every mistake of
the file at once, each with the path of its key. Every setting carries a default and a help text
(`described()` lists them all); only a backend's `url` has no default.
"""

from aggregator.settings.federation import Settings
from aggregator.settings.page import as_markdown, described
from aggregator.settings.reading import BACKEND_ID, PAGES, SettingsError, load, read, said_by_yaml
from aggregator.settings.sections import (
    Accounting,
    Availability,
    Backend,
    Identity,
    Ranking,
    RemoteProcesses,
    Selection,
    Splitting,
    Terms,
    Upstream,
)

__all__ = [
    "BACKEND_ID",
    "PAGES",
    "Accounting",
    "Availability",
    "Backend",
    "Identity",
    "Ranking",
    "RemoteProcesses",
    "Selection",
    "Settings",
    "SettingsError",
    "Splitting",
    "Terms",
    "Upstream",
    "as_markdown",
    "described",
    "load",
    "read",
    "said_by_yaml",
]
