"""Backends are asked about many parts at the same time, each by itself."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial

from aggregator.usecases.federated.asking import AT_BACKEND, ask_at_once


def test_a_backend_that_hangs_keeps_no_other_from_being_asked() -> None:
    release = threading.Event()
    asked: dict[str, tuple[str, Callable[[], bool]]] = {
        f"a{n}": ("aurora", partial(release.wait, 60)) for n in range(3 * AT_BACKEND)
    }
    answers = ask_at_once({**asked, "t": ("terra", lambda: True)}, 0.5)
    told = {part for part, answer in answers.items() if answer.done() and not answer.cancelled()}
    release.set()
    assert told == {"t"}
    assert answers["t"].result() is True


def test_what_was_not_asked_in_time_is_never_asked() -> None:
    release, begun = threading.Event(), []

    def ask(part: str) -> None:
        begun.append(part)
        release.wait(60)

    parts = [f"a{n}" for n in range(2 * AT_BACKEND)]
    answers = ask_at_once({part: ("aurora", partial(ask, part)) for part in parts}, 0.5)
    release.set()
    assert sorted(begun) == sorted(parts[:AT_BACKEND])
    assert [answers[part].cancelled() for part in parts[AT_BACKEND:]] == [True] * AT_BACKEND


def test_nothing_is_asked_about_no_parts() -> None:
    assert ask_at_once({}, 60) == {}
