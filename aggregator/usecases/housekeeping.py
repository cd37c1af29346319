"""What the books need from time to time: holds that a crash left, and credits that ran out.

Every program that serves does this. It makes no difference which one does: each hold and each grant
is closed once, under a lock of its wallet.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from aggregator.errors import DatabaseUnavailable
from aggregator.ledger.amounts import to_credits
from aggregator.moments import day_of
from aggregator.settings import Accounting
from aggregator.storage.ledger import Ledger

MARGIN = 60 * 60 * 1000
"""What is due is looked for so far back, since the clocks of several programs differ."""

LOG = logging.getLogger(__name__)


class Housekeeping:
    """Looks after the books in the background, from `start` to `stop`."""

    def __init__(self, ledger: Ledger, settings: Accounting, clock: Callable[[], float]) -> None:
        self._ledger, self._settings, self._clock = ledger, settings, clock
        self._looked = 0
        self._expired_on = ""
        self._stopping = threading.Event()
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        """Begin; call it in the process that serves."""
        self._stopping.clear()
        self._thread = threading.Thread(target=self._run, name="housekeeping", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End, after what is being done."""
        self._stopping.set()
        if self._thread is not None:
            self._thread.join()
            self._thread = None

    def tidy(self) -> None:
        """Give back what was put aside in vain; once a day take back what has run out."""
        now = int(self._clock() * 1000)
        patience = int(self._settings.report_patience * 1000)
        closed = self._ledger.reconcile(now, patience, self._looked - MARGIN)
        self._looked = now
        for hold in closed:
            LOG.warning(
                "%g credits put aside at %s for %s %s were given back: no usage report came",
                to_credits(hold.amount),
                hold.provider,
                "a request" if hold.job is None else "job",
                hold.job or "",
            )
        if self._expired_on != day_of(now):
            self._ledger.expire(now)
            self._expired_on = day_of(now)

    def _run(self) -> None:
        while not self._stopping.wait(self._settings.reconcile_interval):
            try:
                self.tidy()
            except DatabaseUnavailable:
                LOG.warning("the books cannot be looked after without the database")
            except Exception:  # the thread must go on
                LOG.exception("looking after the books failed")
