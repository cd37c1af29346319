"""A member in a process of its own: `python -m tests.web.http_reporter URL TOKEN SEED COUNT`.

Sends reports 0 to COUNT over HTTP, in an order of its own, from four threads, and prints a line for
each as soon as it is acknowledged: the number of the report and the cost in millicredits. What is
not acknowledged, since the server has gone, is not sent again. With `on` as a last argument it
sends all of them again and again until then.
"""

from __future__ import annotations

import random
import sys
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import requests

from tests.unit.ledger.documents import direct
from tests.unit.storage.reporter import USERS, cost_of

PATIENCE = 100.0
UNAVAILABLE = 503


def main(url: str, token: str, seed: int, count: int, *, on: bool = False) -> None:
    """Sends all reports once, or until the server has gone."""
    local, printing, gone = threading.local(), threading.Lock(), threading.Event()
    end = time.monotonic() + PATIENCE

    def told(number: int) -> requests.Response:
        """The answer to a report, which is sent again, as is asked for, while none can be taken."""
        document = direct(
            f"k{number}",
            cost_of(number) / 1000,
            userId=f"user-{number % USERS}",
            jobId=f"j-{number % 50}",
        )
        while True:
            answer: requests.Response = local.session.post(
                f"{url}/federation/accounting/resources",
                json=document,
                headers={"Authorization": f"Bearer {token}"},
                timeout=PATIENCE,
            )
            if answer.status_code != UNAVAILABLE or time.monotonic() > end:
                return answer
            time.sleep(0.1)

    def send(number: int) -> None:
        if gone.is_set():
            return
        if not hasattr(local, "session"):
            local.session = requests.Session()
            local.session.trust_env = False
        try:
            answer = told(number)
        except requests.RequestException:
            gone.set()
            return
        if answer.status_code != 201:
            raise SystemExit(answer.text)
        line = f"{number} {round(answer.json()[0]['cost'] * 1000)}\n"
        with printing:
            sys.stdout.write(line)
            sys.stdout.flush()

    numbers = list(range(count))
    random.Random(seed).shuffle(numbers)
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(send, numbers))
        while on and not gone.is_set() and time.monotonic() < end:
            list(threads.map(send, numbers))


if __name__ == "__main__":
    address, bearer, seed_, count_, *more = sys.argv[1:]
    main(address, bearer, int(seed_), int(count_), on=more == ["on"])
