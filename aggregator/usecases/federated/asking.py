"""Questions to the backends of several parts at the same time: no backend waits for another."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import TypeVar

Part = TypeVar("Part", bound=Hashable)
Told = TypeVar("Told")

AT_BACKEND = 8
"""Questions that one backend is asked at the same time; one that hangs fills no more threads."""


def ask_at_once(
    questions: Mapping[Part, tuple[str, Callable[[], Told]]], seconds: float
) -> dict[Part, Future[Told]]:
    """What each of the questions gives, each with the backend that it is put to.

    Those without an answer within `seconds` are not done then, or cancelled.
    """
    pools = {
        backend: ThreadPoolExecutor(AT_BACKEND, thread_name_prefix=f"parts at {backend}")
        for backend in {backend for backend, _ in questions.values()}
    }
    asked = {part: pools[backend].submit(ask) for part, (backend, ask) in questions.items()}
    wait(asked.values(), seconds)
    for pool in pools.values():
        pool.shutdown(wait=False, cancel_futures=True)
    return asked
