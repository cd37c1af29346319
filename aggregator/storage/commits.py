"""Many threads, one transaction: whoever comes first commits for all who wait.

There is no thread of its own, so nothing to start after a fork and nothing to stop at the end: the
first thread to get its turn takes everything that has come in meanwhile.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")


class GroupCommit(Generic[T, R]):
    """Calls `apply` with what several threads submit at the same time.

    `apply` returns one outcome per item, after they are on disk. If it raises for a batch, each
    item is tried by itself, so that nobody fails for another's sake.
    """

    def __init__(self, apply: Callable[[Sequence[T]], Sequence[R]], most: int = 64) -> None:
        self._apply = apply
        self._most = most
        self._waiting: deque[tuple[T, Future[R]]] = deque()
        self._turn = threading.Lock()

    def submit(self, item: T) -> R:
        """Waits until the item is applied; returns its outcome or raises what `apply` raised."""
        future: Future[R] = Future()
        self._waiting.append((item, future))
        with self._turn:
            while not future.done():
                self._commit()
        return future.result()

    def _commit(self) -> None:
        taken = [self._waiting.popleft() for _ in range(min(self._most, len(self._waiting)))]
        try:
            outcomes = self._apply([item for item, _ in taken])
        except Exception as error:  # noqa: BLE001 - handed to the threads that submitted
            if len(taken) == 1:
                taken[0][1].set_exception(error)
                return
            self._one_by_one(taken)
            return
        except BaseException:  # this thread is ending; the others must not wait for it
            for _, future in taken:
                future.set_exception(RuntimeError("the thread that was committing has ended"))
            raise
        for (_, future), outcome in zip(taken, outcomes, strict=True):
            future.set_result(outcome)

    def _one_by_one(self, taken: Sequence[tuple[T, Future[R]]]) -> None:
        for item, future in taken:
            try:
                future.set_result(self._apply([item])[0])
            except Exception as error:  # noqa: BLE001 - handed to the thread that submitted it
                future.set_exception(error)
