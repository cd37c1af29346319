"""Many threads, one transaction: whoever comes first commits for all who wait.

There is no thread of its own, so nothing to start after a fork and nothing to stop at the end. One
thread leads: it commits what is waiting, and then lets the first of those who came meanwhile lead.
All others sleep until they have their outcome.
"""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Generic, TypeVar

T = TypeVar("T")
R = TypeVar("R")


class _Waiting(Generic[T, R]):
    """Somebody with an item, who is called when it has an outcome or when it is theirs to lead."""

    def __init__(self, item: T) -> None:
        self.item = item
        self.outcome: Future[R] = Future()
        self.leads = False
        self.called = threading.Event()

    def lead(self) -> None:
        """It is theirs to commit."""
        self.leads = True
        self.called.set()

    def done(self, outcome: R) -> None:
        """It is on disk."""
        self.outcome.set_result(outcome)
        self.called.set()

    def failed(self, error: BaseException) -> None:
        """It is not."""
        self.outcome.set_exception(error)
        self.called.set()


class GroupCommit(Generic[T, R]):
    """Calls `apply` with what several threads submit at the same time.

    `apply` returns one outcome per item, after they are on disk. If it raises for a batch, each
    item is tried by itself, so that nobody fails for another's sake; but an error of the kinds in
    `shared` says nothing of the items, and is everybody's.
    """

    def __init__(
        self,
        apply: Callable[[Sequence[T]], Sequence[R]],
        most: int = 64,
        shared: tuple[type[Exception], ...] = (),
    ) -> None:
        self._apply = apply
        self._most = most
        self._shared = shared
        self._queue: deque[_Waiting[T, R]] = deque()
        self._is_led = False
        self._guard = threading.Lock()

    def submit(self, item: T) -> R:
        """Waits until the item is applied; returns its outcome or raises what `apply` raised."""
        own: _Waiting[T, R] = _Waiting(item)
        with self._guard:
            self._queue.append(own)
            if not self._is_led:
                self._is_led = True
                own.lead()
        own.called.wait()
        if own.leads:
            self._lead(own)
        return own.outcome.result()

    def _lead(self, own: _Waiting[T, R]) -> None:
        try:
            while not own.outcome.done():
                self._commit()
        finally:
            with self._guard:
                if self._queue:
                    self._queue[0].lead()
                else:
                    self._is_led = False

    def _commit(self) -> None:
        with self._guard:
            count = min(self._most, len(self._queue))
            taken = [self._queue.popleft() for _ in range(count)]
        try:
            outcomes = self._apply([one.item for one in taken])
        except Exception as error:  # noqa: BLE001 - handed to the threads that submitted
            self._failed(taken, error)
            return
        except BaseException:  # this thread is ending; the others must not wait for it
            for one in taken:
                one.failed(RuntimeError("the thread that was committing has ended"))
            raise
        for one, outcome in zip(taken, outcomes, strict=True):
            one.done(outcome)

    def _failed(self, taken: Sequence[_Waiting[T, R]], error: Exception) -> None:
        if len(taken) > 1 and not isinstance(error, self._shared):
            self._one_by_one(taken)
            return
        for one in taken:
            one.failed(error)

    def _one_by_one(self, taken: Sequence[_Waiting[T, R]]) -> None:
        for one in taken:
            try:
                one.done(self._apply([one.item])[0])
            except Exception as error:  # noqa: BLE001 - handed to the thread that submitted it
                one.failed(error)
