"""Whose wallets there are, and that the free credits of a month are in them.

Free credits are due once a month for each user and provider. They come when a user is first seen in
a month, when usage of theirs is reported or put aside, or to all known users at once by the command
`ledger renew`; whichever is first, they come once.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection

from cachetools import TTLCache

from aggregator.moments import month_of
from aggregator.settings import Accounting
from aggregator.storage.ledger import Ledger

REMEMBERED = 10_000
SECONDS = 600.0


class Wallets:
    """Welcomes users; those seen in the last minutes without another look at the database."""

    def __init__(self, ledger: Ledger, settings: Accounting, clock: Callable[[], float]) -> None:
        self._ledger, self._defaults, self._clock = ledger, settings.default_subscriptions, clock
        self._seen: TTLCache[tuple[str, tuple[str, ...], str], bool] = TTLCache(
            REMEMBERED, SECONDS, timer=clock
        )
        self._lock = threading.Lock()

    def welcome(self, user: str, subscriptions: Collection[str] | None = None) -> None:
        """Notes that a user is here, and gives the free credits that are due.

        `subscriptions` are those that the user's login names; None where it says nothing, such as
        a login with a password: then those of the settings count.
        """
        claimed = self._defaults if subscriptions is None else subscriptions
        now = int(self._clock() * 1000)
        visit = (user, tuple(sorted(set(claimed))), month_of(now))
        with self._lock:
            if visit in self._seen:
                return
        self._ledger.welcome(user, claimed, now)
        with self._lock:
            self._seen[visit] = True
