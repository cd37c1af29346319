"""A member in a process of its own: `python -m tests.web.http_reporter URL TOKEN SEED COUNT`.

Sends reports 0 to COUNT over HTTP, in an order of its own, from four threads, and prints a line for
each as soon as it is acknowledged: the number of the report and the cost in millicredits. What is
not acknowledged, since the server has gone, is not sent again.
"""

from __future__ import annotations

import random
import sys
import threading
from concurrent.futures import ThreadPoolExecutor

import requests

from tests.unit.ledger.documents import direct
from tests.unit.storage.reporter import USERS, cost_of


def main(url: str, token: str, seed: int, count: int) -> None:
    """Sends all reports once."""
    local, printing = threading.local(), threading.Lock()

    def send(number: int) -> None:
        if not hasattr(local, "session"):
            local.session = requests.Session()
            local.session.trust_env = False
        document = direct(
            f"k{number}",
            cost_of(number) / 1000,
            userId=f"user-{number % USERS}",
            jobId=f"j-{number % 50}",
        )
        try:
            answer = local.session.post(
                f"{url}/federation/accounting/resources",
                json=document,
                headers={"Authorization": f"Bearer {token}"},
                timeout=60,
            )
        except requests.RequestException:
            return
        line = f"{number} {round(answer.json()[0]['cost'] * 1000)}\n"
        if answer.status_code != 201:
            raise SystemExit(answer.text)
        with printing:
            sys.stdout.write(line)
            sys.stdout.flush()

    numbers = list(range(count))
    random.Random(seed).shuffle(numbers)
    with ThreadPoolExecutor(4) as threads:
        list(threads.map(send, numbers))


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]), int(sys.argv[4]))
