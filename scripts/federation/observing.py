"""The federation as it is now: its backends asked live, by the aggregator's own means."""

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

from aggregator.app import create_app
from aggregator.errors import DatabaseUnavailable
from aggregator.settings import Settings
from aggregator.usecases.catalogue import Catalogue
from aggregator.usecases.federation import Federation
from aggregator.usecases.policies import Policies
from aggregator.usecases.processing import Processing
from aggregator.usecases.splitting import Splitting
from aggregator.usecases.views import View

ASKING_SECONDS = 30.0
METADATA = "metadata"


@dataclass(frozen=True)
class Observed:
    """What the aggregator knows of its backends now, and how it routes and splits."""

    catalogue: Catalogue
    processing: Processing
    policies: Policies
    splitting: Splitting
    view: View
    problems: dict[str, str]
    """Why a backend is offline."""


@contextmanager
def observed(settings: Settings, *, seconds: float = ASKING_SECONDS) -> Iterator[Observed]:
    """Asks every backend at the same time; one that does not answer in time is offline.

    An offline backend is judged by what an aggregator of this configuration last
    knew of it; who is excluded is read in the federation's database, if there is one.
    Nothing is stored, and nothing monitored.
    """
    with tempfile.TemporaryDirectory() as scratch:
        known = settings.data_directory / METADATA
        if known.is_dir():
            shutil.copytree(known, Path(scratch) / METADATA)
        app = create_app(_settings(settings, Path(scratch)))
        federation: Federation = app.extensions["federation"]
        federation.start()
        try:
            federation.snapshots.wait_until_visited(seconds)
            yield _seen(federation)
        finally:
            federation.stop()


def _settings(settings: Settings, scratch: Path) -> Settings:
    """The settings of an aggregator that leaves no trace."""
    kept = settings.data_directory / "federation.sqlite"
    database = settings.database or (settings.database_url if kept.is_file() else None)
    return replace(
        settings,
        data_directory=scratch,
        sealing_key=None,
        database=database,
        availability=replace(settings.availability, runs_inside=False),
    )


def _seen(federation: Federation) -> Observed:
    current = federation.snapshots.current().items()
    problems = {name: snapshot.problem for name, snapshot in current if not snapshot.online}
    with suppress(DatabaseUnavailable):  # policies then rank without what they do not know
        federation.policies.gathering.refresh()
    return Observed(
        federation.catalogue,
        federation.processing,
        federation.policies,
        federation.splitting,
        federation.view(None),
        problems,
    )
