import os
import signal

import pytest

from scripts.federation.interruption import Interruptions


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGHUP])
def test_every_way_to_stop_is_one(number: int) -> None:
    with pytest.raises(KeyboardInterrupt), Interruptions().heeded():
        os.kill(os.getpid(), number)


def test_what_must_not_be_cut_in_two_is_finished_first() -> None:
    finished = False
    interruptions = Interruptions()
    with pytest.raises(KeyboardInterrupt), interruptions.heeded(), interruptions.held():
        os.kill(os.getpid(), signal.SIGTERM)
        finished = True
    assert finished


def test_afterwards_signals_do_what_they_did_before() -> None:
    before = signal.getsignal(signal.SIGTERM)
    with Interruptions().heeded():
        assert signal.getsignal(signal.SIGTERM) != before
    assert signal.getsignal(signal.SIGTERM) == before
