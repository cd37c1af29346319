"""The federation as it is now: its backends asked live, through the aggregator's own rooms."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from aggregator.settings import Settings
from aggregator.upstream.client import Client, Limits
from aggregator.upstream.fleet import Fleet
from aggregator.upstream.snapshots import Snapshots
from aggregator.usecases.catalogue import Catalogue
from aggregator.usecases.processing import Processing
from aggregator.usecases.views import View, whole

ASKING_SECONDS = 30.0


@dataclass(frozen=True)
class Observed:
    """What the aggregator would know of its backends now, and how it would route."""

    catalogue: Catalogue
    processing: Processing
    view: View
    problems: dict[str, str]
    """Why a backend is offline."""


@contextmanager
def observed(settings: Settings, *, seconds: float = ASKING_SECONDS) -> Iterator[Observed]:
    """Asks every backend at the same time; one that does not answer in time is offline.

    Nothing is stored and no user is logged in.
    """
    fleet = Fleet([_client(settings, backend.id, backend.url) for backend in settings.backends])
    snapshots = Snapshots(
        settings.backends, fleet, settings.upstream, directory=None, clock=time.time
    )
    catalogue = Catalogue(settings, snapshots)
    snapshots.start()
    try:
        snapshots.wait_until_visited(seconds)
        problems = {n: s.problem for n, s in snapshots.current().items() if not s.online}
        processing = Processing(settings, fleet, catalogue)
        yield Observed(catalogue, processing, whole(settings.public_url), problems)
    finally:
        snapshots.stop(timeout=1.0)
        fleet.close()


def _client(settings: Settings, backend: str, url: str) -> Client:
    times = settings.upstream
    limits = Limits(times.connect_timeout, times.read_timeout)
    return Client(backend, url, limits=limits, proxy=times.proxy)
