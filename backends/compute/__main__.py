"""Start the compute process; ``backends.jobs.process_engine`` speaks with it."""

import argparse
import importlib
import os
import sys
from pathlib import Path
from typing import cast

from backends.compute.child import ExecutorFactory


def main(arguments: list[str]) -> int:
    """Read commands from standard input until it ends; exit status 0."""
    parser = argparse.ArgumentParser(prog="python -m backends.compute", description=__doc__)
    parser.add_argument("--profile", type=Path, required=True, help="the backend's YAML file")
    parser.add_argument("--store", type=Path, required=True, help="the job store's SQLite file")
    parser.add_argument(
        "--executor",
        default="backends.compute.run:executor",
        help="module:function that makes what is run in each child, called once",
    )
    options = parser.parse_args(arguments)
    # Events go to what was standard output; what libraries print joins the log.
    events = os.dup(sys.stdout.fileno())
    os.dup2(sys.stderr.fileno(), sys.stdout.fileno())
    # Read by the numeric libraries when they are imported. One thread each makes
    # results bit-identical and keeps the process safe to fork.
    for variable in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ.setdefault(variable, "1")
    from backends.compute.supervisor import Supervisor

    module, _, function = options.executor.partition(":")
    factory = cast(ExecutorFactory, getattr(importlib.import_module(module), function))
    return Supervisor(
        factory(options.profile), options.store, commands=sys.stdin.fileno(), events=events
    ).loop()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
