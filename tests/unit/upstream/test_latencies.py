from aggregator.upstream.latencies import Latency
from tests.fakes.clock import Clock


def test_a_few_slow_answers_do_not_change_how_soon_a_backend_answers() -> None:
    latency = Latency()
    for seconds in (0.1, 9.0, 0.2, 0.1, 9.0):
        latency.note(seconds)
    assert latency.recent() == 0.2


def test_only_the_last_answers_count() -> None:
    latency = Latency()
    for seconds in (*[9.0] * 100, *[0.1] * 31):
        latency.note(seconds)
    assert latency.recent() == 0.1


def test_what_is_ten_minutes_old_says_nothing() -> None:
    clock = Clock(0.0)
    latency = Latency(clock)
    assert latency.recent() is None
    latency.note(0.1)
    clock.now = 599.0
    assert latency.recent() == 0.1
    clock.now = 601.0
    assert latency.recent() is None
