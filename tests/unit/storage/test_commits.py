"""Many threads, one transaction."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from aggregator.storage.commits import GroupCommit


def test_who_comes_while_one_commits_goes_together_next() -> None:
    batches: list[list[int]] = []
    entered, go_on = threading.Event(), threading.Event()

    def apply(items: Sequence[int]) -> list[int]:
        batches.append(list(items))
        if len(batches) == 1:
            entered.set()
            assert go_on.wait(10)
        return [item * 10 for item in items]

    commits = GroupCommit(apply, most=4)
    with ThreadPoolExecutor(12) as threads:
        first = threads.submit(commits.submit, 0)
        assert entered.wait(10)
        others = [threads.submit(commits.submit, number) for number in range(1, 9)]
        while len(commits._waiting) < 8:
            pass
        go_on.set()
        assert first.result(10) == 0
        assert sorted(other.result(10) for other in others) == [n * 10 for n in range(1, 9)]
    assert [len(batch) for batch in batches] == [1, 4, 4]


def test_one_that_fails_does_not_fail_the_others() -> None:
    def apply(items: Sequence[int]) -> list[int]:
        if 3 in items:
            raise ValueError("three")
        return list(items)

    commits = GroupCommit(apply)
    with ThreadPoolExecutor(8) as threads:
        outcomes = [threads.submit(commits.submit, number) for number in range(8)]
        for number, outcome in enumerate(outcomes):
            if number == 3:
                with pytest.raises(ValueError, match="three"):
                    outcome.result(10)
            else:
                assert outcome.result(10) == number


def test_a_thread_that_is_ended_leaves_nobody_waiting() -> None:
    def apply(items: Sequence[int]) -> list[int]:
        if items == [0]:
            raise SystemExit
        return list(items)

    commits = GroupCommit(apply)
    with pytest.raises(SystemExit):
        commits.submit(0)
    assert commits.submit(1) == 1
