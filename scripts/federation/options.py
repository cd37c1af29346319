"""Options that several commands have. Imports nothing that a command may not need."""

from __future__ import annotations

from pathlib import Path

import click

EXISTING = click.Path(path_type=Path, exists=True, dir_okay=False)
DIRECTORY = click.Path(path_type=Path, file_okay=False)

config_option = click.option(
    "--config", type=EXISTING, help="Configuration file.  [default: config/federation.yaml]"
)
data_option = click.option(
    "--data",
    type=DIRECTORY,
    help="Where the servers keep their data.  [default: var, or var/offsetN]",
)
kept_option = click.option(
    "--data", type=DIRECTORY, help="The servers' --data.  [default: as configured]"
)
"""As `data_option`, for commands that look where the configuration says unless told otherwise."""
offset_option = click.option(
    "--port-offset", type=int, default=0, help="Add N to every port here.", metavar="N"
)
bind_option = click.option(
    "--bind", metavar="HOST", help="Listen at this host instead (0.0.0.0: at every one)."
)
