"""Work done aside, for which the program does not wait when it ends."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

T = TypeVar("T")


def begun(work: Callable[[], T], name: str) -> Future[T]:
    """The outcome to come of work that a thread of its own has begun.

    An executor's threads would hold up the end of the program until the last of them is done.
    """
    future: Future[T] = Future()

    def run() -> None:
        try:
            future.set_result(work())
        except BaseException as error:  # noqa: BLE001 - handed on to who asks for the outcome
            future.set_exception(error)

    threading.Thread(target=run, name=name, daemon=True).start()
    return future
