"""Which dask scheduler runs the work: threads of this process, or a cluster."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import dask
from distributed import Client

from backends.errors import OpenEOError
from backends.profile import Profile

CONNECT_SECONDS: Final = 20


@contextmanager
def computing(profile: Profile, patience: float = CONNECT_SECONDS) -> Iterator[None]:
    """All that dask computes in this block runs where the profile says.

    Raises `InfrastructureBusy` where its cluster cannot be reached within `patience`
    seconds.
    """
    address = profile.compute.dask_scheduler
    if address is None:
        threads = profile.limits.worker_threads
        scheduler = "threads" if threads > 1 else "synchronous"
        with dask.config.set(scheduler=scheduler, num_workers=threads):
            yield
        return
    with _connected(address, patience):
        yield


def _connected(address: str, patience: float) -> Client:
    """A client that dask computes with until it is closed."""
    try:
        return Client(  # type: ignore[no-untyped-call]
            address, timeout=patience, set_as_default=True
        )
    except OSError as error:
        raise OpenEOError(
            "InfrastructureBusy",
            "The cluster that computes for this backend cannot be reached. Try again later.",
        ) from error
