"""What all benchmarks can be asked on the command line: `--help`."""

from __future__ import annotations

import argparse


class _Help(argparse.RawDescriptionHelpFormatter, argparse.ArgumentDefaultsHelpFormatter):
    """The description as it was written, and the defaults that there are."""

    def _get_help_string(self, action: argparse.Action) -> str | None:
        return action.help if action.default is None else super()._get_help_string(action)


def parser(name: str, described: str | None) -> argparse.ArgumentParser:
    """The parser of a benchmark; its page begins with what its module says of itself."""
    return argparse.ArgumentParser(
        prog=f"python -m scripts.bench.{name}", description=described, formatter_class=_Help
    )
