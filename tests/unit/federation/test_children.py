import os
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from scripts.federation.children import Child, Children, wait_until
from scripts.federation.servers import Address, Server

SLEEPER = "import time; print('awake'); time.sleep(60)"
STUBBORN = "import signal; signal.signal(signal.SIGTERM, signal.SIG_IGN); " + SLEEPER
PARENT = (
    "import subprocess, sys, time\n"
    "child = subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(60)'])\n"
    "print(child.pid)\n"
    "time.sleep(60)"
)


def server(code: str, name: str = "one") -> Server:
    return Server(name, (sys.executable, "-c", code), Address("127.0.0.1", 1), "the test")


def lives(number: int) -> bool:
    try:
        state = Path(f"/proc/{number}/stat").read_text().rpartition(")")[2].split()[0]
    except FileNotFoundError:
        return False
    return state != "Z"


def said(child: Child) -> Callable[[], bool]:
    return lambda: bool(child.last_lines)


@pytest.fixture
def children() -> Iterator[Children]:
    with Children(lambda name, line: None) as started:
        yield started


def test_what_a_child_prints_arrives_with_its_name() -> None:
    lines: list[tuple[str, str]] = []
    with Children(lambda name, line: lines.append((name, line))) as children:
        children.start(server("import sys; print('hello'); print('oh', file=sys.stderr)", "terra"))
        assert wait_until(lambda: len(lines) == 2, seconds=10)
    assert sorted(lines) == [("terra", "hello"), ("terra", "oh")]


def test_a_child_that_ends_is_reported_with_its_status_and_last_lines(children: Children) -> None:
    children.start(server("print('the disk is full'); raise SystemExit(3)"))
    obituary = children.wait().obituary()
    assert "one ended with exit status 3" in obituary
    assert "the disk is full" in obituary


def test_a_child_that_is_killed_is_reported_with_the_signal(children: Children) -> None:
    child = children.start(server(SLEEPER))
    os.kill(child.group, 9)
    assert "by signal SIGKILL" in children.wait().obituary()


def test_all_children_end_with_the_context() -> None:
    with Children(lambda name, line: None) as children:
        started = [children.start(server(SLEEPER, name)) for name in ("one", "two")]
    assert [child.status for child in started] == [-15, -15]


def test_a_child_that_will_not_stop_is_killed_after_the_grace(children: Children) -> None:
    child = children.start(server(STUBBORN))
    assert wait_until(said(child), seconds=10)
    began = time.monotonic()
    children.stop(grace=0.2)
    assert child.status == -9
    assert time.monotonic() - began < 5


def test_the_children_of_a_child_end_with_it(children: Children) -> None:
    child = children.start(server(PARENT))
    assert wait_until(said(child), seconds=10)
    grandchild = int(child.last_lines[0])
    assert lives(grandchild)
    children.stop()
    assert wait_until(lambda: not lives(grandchild), seconds=5)


def test_one_child_can_be_ended_and_the_others_live_on(children: Children) -> None:
    one, two = (children.start(server(SLEEPER, name)) for name in ("one", "two"))
    children.kill(["one"])
    assert one.status == -9
    assert two.status is None
    assert children.ended() is None


def test_children_do_not_outlive_a_parent_that_is_killed(tmp_path: Path) -> None:
    script = tmp_path / "parent.py"
    script.write_text(
        "import sys\n"
        "from scripts.federation.children import Children\n"
        "from scripts.federation.servers import Address, Server\n"
        f"command = (sys.executable, '-c', {PARENT!r})\n"
        "with Children(lambda name, line: print(line, flush=True)) as children:\n"
        "    child = children.start(Server('one', command, Address('127.0.0.1', 1), ''))\n"
        "    print(child.group, flush=True)\n"
        "    children.wait()\n"
    )
    parent = subprocess.Popen([sys.executable, str(script)], stdout=subprocess.PIPE, text=True)
    assert parent.stdout is not None
    numbers = [int(parent.stdout.readline()) for _ in range(2)]
    assert all(map(lives, numbers))
    parent.kill()
    parent.wait()
    parent.stdout.close()
    assert wait_until(lambda: not any(map(lives, numbers)), seconds=15)
