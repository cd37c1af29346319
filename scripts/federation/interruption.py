"""Ctrl-C, SIGTERM and SIGHUP as one thing: KeyboardInterrupt in the main thread."""

import signal
from collections.abc import Iterator
from contextlib import contextmanager

SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)


class Interruptions:
    """What a signal does: it interrupts, except while something must not be cut in two."""

    def __init__(self) -> None:
        self._held = False
        self._pending = False

    @contextmanager
    def heeded(self) -> Iterator[None]:
        """Within this context the signals raise KeyboardInterrupt; afterwards as before."""
        before = {number: signal.signal(number, self._strike) for number in SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Within this context a signal waits until the end of it."""
        self._held = True
        try:
            yield
        finally:
            self._held = False
        if self._pending:
            self._pending = False
            raise KeyboardInterrupt

    def _strike(self, *_: object) -> None:
        if self._held:
            self._pending = True
        else:
            raise KeyboardInterrupt
