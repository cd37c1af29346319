"""Ends the children of a federation whose parent was killed without a chance to.

Runs as a program of its own in a session of its own. It is told on its standard
input which groups live (`+123`) and which have ended (`-123`); when the input
ends, however that came about, it ends the groups that are left. The standard
library alone, so that it costs little to have it wait.
"""

import os
import signal
import sys
import time
from collections.abc import Callable, Iterable

GRACE_SECONDS = 10.0


def main() -> None:
    """Waits for the end of the input, then ends what is left."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    end(left_over(sys.stdin), grace=GRACE_SECONDS)


def left_over(lines: Iterable[str]) -> set[int]:
    """Groups that were announced and not taken back when the input ended."""
    groups: set[int] = set()
    for line in lines:
        number = int(line[1:])
        if line.startswith("+"):
            groups.add(number)
        else:
            groups.discard(number)
    return groups


def end(groups: set[int], *, grace: float) -> None:
    """Asks each group's leader to stop, and kills what still lives after `grace` seconds."""
    for leader in groups:
        send(os.kill, leader, signal.SIGTERM)
    deadline = time.monotonic() + grace
    while time.monotonic() < deadline and any(map(leader_lives, groups)):
        time.sleep(0.05)
    for group in groups:
        send(os.killpg, group, signal.SIGKILL)


def leader_lives(group: int) -> bool:
    """Whether the process that leads a group is still there."""
    return send(os.kill, group, 0)


def send(how: Callable[[int, int], None], target: int, number: int) -> bool:
    """Whether the signal could be sent; a target that is gone needs none."""
    try:
        how(target, number)
    except OSError:
        return False
    return True


if __name__ == "__main__":
    main()
