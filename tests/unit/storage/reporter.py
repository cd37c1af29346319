"""A process of its own that reports usage: `python -m tests.unit.storage.reporter URL SEED COUNT`.

Sends reports 0 to COUNT in an order of its own, from four threads, and prints a line for each as
soon as it is acknowledged: the number of the report, the cost, whether it was a repetition.
"""

from __future__ import annotations

import random
import sys
from concurrent.futures import ThreadPoolExecutor

from aggregator.ledger.reports import read_resources
from aggregator.storage.ledger import open_ledger
from tests.unit.ledger.documents import MARCH, direct, tariffs

USERS = 5


def cost_of(number: int) -> int:
    """What report NUMBER costs, in millicredits."""
    return 1000 + number


def main(url: str, seed: int, count: int) -> None:
    """Sends all reports once."""
    ledger = open_ledger(url, tariffs())

    def send(number: int) -> str:
        document = direct(
            f"k{number}",
            cost_of(number) / 1000,
            userId=f"user-{number % USERS}",
            jobId=f"j-{number % 50}",
        )
        receipt = ledger.report(read_resources(document), "terra-accounting", MARCH)
        return f"{number} {receipt.charged} {int(receipt.repeated)}\n"

    numbers = list(range(count))
    random.Random(seed).shuffle(numbers)
    with ThreadPoolExecutor(4) as threads:
        for line in threads.map(send, numbers):
            sys.stdout.write(line)
            sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
