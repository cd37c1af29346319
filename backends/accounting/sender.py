"""The thread that sends what is due, again and again until it is answered."""

import logging
import random
import threading
from collections.abc import Callable
from typing import Final

from backends.accounting.client import Client, RefusedError
from backends.accounting.exchange import UnreachableError
from backends.accounting.outbox import LONGEST_SECONDS, Entry, Outbox

LOG: Final = logging.getLogger(__name__)
AT_A_TIME: Final = 50
FIRST_SECONDS: Final = 0.5
MOST_SECONDS: Final = 60.0
REFUSED_SECONDS: Final = 30.0
IDLE_SECONDS: Final = 30.0
KEPT: Final = 100_000


class Sender:
    """Sends the reports of an outbox, the oldest first.

    While the accounting cannot be reached, one report is tried at growing intervals and the others
    wait. One that is refused is tried again at longer intervals, since it is the only record of
    its usage and the reason may be in the accounting's configuration; it holds up no other.
    """

    def __init__(
        self, outbox: Outbox, client: Client, *, chance: Callable[[], float] = random.random
    ) -> None:
        self._outbox = outbox
        self._client = client
        self._chance = chance
        self._news = threading.Event()
        self._ended = threading.Event()
        self._thread: threading.Thread | None = None
        self._failures = 0

    def start(self) -> None:
        """Send until ``stop``."""
        self._outbox.forget_taken(KEPT)
        self._thread = threading.Thread(target=self._run, name="accounting", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread; what was not sent is sent after the next start."""
        self._ended.set()
        self._news.set()
        if self._thread is not None:
            self._thread.join(5)
        self._client.close()

    def wake(self) -> None:
        """There is a new report."""
        self._news.set()

    def send_due(self) -> float:
        """Send what is due; seconds until there may be more to do."""
        for entry in self._outbox.due(AT_A_TIME):
            try:
                self._outbox.taken(entry.key, self._client.report(entry.document))
                self._failures = 0
            except RefusedError as error:
                LOG.error("The usage report %s was refused: %s", entry.key, error)
                wait = min(REFUSED_SECONDS * 2.0 ** min(entry.tries, 20), LONGEST_SECONDS)
                self._outbox.again(entry.key, self._spread(wait), str(error))
            except UnreachableError as error:
                return self._put_off(entry, error)
        due = self._outbox.next_due()
        return IDLE_SECONDS if due is None else min(due, IDLE_SECONDS)

    def _put_off(self, entry: Entry, error: UnreachableError) -> float:
        self._failures += 1
        wait = self._spread(min(FIRST_SECONDS * 2.0 ** min(self._failures, 20), MOST_SECONDS))
        if self._failures in (1, 5) or self._failures % 60 == 0:
            waiting = self._outbox.waiting()
            LOG.warning("Usage cannot be reported, %d reports wait: %s", waiting, error)
        self._outbox.again(entry.key, wait, str(error))
        return wait

    def _spread(self, seconds: float) -> float:
        """From half of it to all of it, so that many do not come back at once."""
        return seconds * (0.5 + self._chance() / 2)

    def _run(self) -> None:
        wait = 0.0
        while not self._ended.is_set():
            # New reports do not hurry an accounting that cannot be reached.
            (self._ended if self._failures else self._news).wait(wait)
            self._news.clear()
            if self._ended.is_set():
                return
            try:
                wait = self.send_due()
            except Exception:  # what is not reported is not paid: the thread goes on
                LOG.exception("Sending usage reports failed")
                wait = MOST_SECONDS
