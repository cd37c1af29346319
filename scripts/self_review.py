#!/usr/bin/env python3
"""`scripts/self_review.py URL`: the self-review from a checkout; the package beside does it."""

import sys
from pathlib import Path

sys.path[0] = str(Path(__file__).resolve().parents[1])

from scripts.self_review.main import main  # noqa: E402 - found only now

main(prog_name="openeo-self-review")
