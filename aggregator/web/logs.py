"""The program's log: lines without credentials or addresses of e-mail, whoever writes them."""

from __future__ import annotations

import logging
from typing import Any

from gunicorn.glogging import Logger

from aggregator.identity.secrets import for_logs

FORMAT = "%(levelname)s %(name)s: %(message)s"


class Discreet(logging.Formatter):
    """Writes a record, with its traceback if it has one, without what looks like a credential.

    Libraries tell of the addresses and headers that they handle, and exceptions of values.
    """

    def format(self, record: logging.LogRecord) -> str:
        """The lines of a record."""
        return for_logs(super().format(record))


class ServerLog(Logger):  # type: ignore[misc]
    """Gunicorn's own log, written likewise."""

    def setup(self, cfg: Any) -> None:
        """Set the log up for a configuration."""
        super().setup(cfg)
        for handler in self.error_log.handlers:
            handler.setFormatter(Discreet(FORMAT))
