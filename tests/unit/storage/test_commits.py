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
        while len(commits._queue) < 8:
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


def test_nobody_whose_item_is_on_disk_waits_for_the_next_batch() -> None:
    batches: list[list[int]] = []
    arrived, entered, go_on = threading.Event(), threading.Event(), threading.Event()

    def apply(items: Sequence[int]) -> list[int]:
        batches.append(list(items))
        if len(batches) == 1:
            assert arrived.wait(10)
        if len(batches) == 3:
            entered.set()
            assert go_on.wait(10)
        return list(items)

    commits = GroupCommit(apply, most=4)
    with ThreadPoolExecutor(12) as threads:
        waiting = [threads.submit(commits.submit, number) for number in range(9)]
        while len(commits._queue) < 8:
            pass
        arrived.set()
        assert entered.wait(10)
        done = [waiting[number].result(10) for number in (*batches[0], *batches[1])]
        assert len(done) == 5
        go_on.set()
        assert sorted(one.result(10) for one in waiting) == list(range(9))


def test_an_error_that_says_nothing_of_the_items_is_everybodys_at_once() -> None:
    calls: list[int] = []
    arrived = threading.Event()

    def apply(items: Sequence[int]) -> list[int]:
        calls.append(len(items))
        assert arrived.wait(10)
        raise ConnectionError

    commits = GroupCommit(apply, shared=(ConnectionError,))
    with ThreadPoolExecutor(9) as threads:
        waiting = [threads.submit(commits.submit, number) for number in range(9)]
        while len(commits._queue) < 8:
            pass
        arrived.set()
        for one in waiting:
            with pytest.raises(ConnectionError):
                one.result(10)
    assert calls == [1, 8]


def test_many_threads_get_their_own_outcomes() -> None:
    commits: GroupCommit[int, int] = GroupCommit(lambda items: [item * 10 for item in items], 5)
    with ThreadPoolExecutor(16) as threads:
        outcomes = list(threads.map(commits.submit, range(2000)))
    assert outcomes == [number * 10 for number in range(2000)]
