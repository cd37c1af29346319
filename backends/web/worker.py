"""The worker of a backend: its own refusals are openEO errors too."""

from collections.abc import Mapping
from typing import Any

from backends.errors import OpenEOError
from backends.worker import ProtocolWorker


class Worker(ProtocolWorker):
    """Serves a backend."""

    @staticmethod
    def refusal(status: int, message: str, reference: str) -> Mapping[str, Any]:
        """An openEO error."""
        code = "Internal" if status >= 500 else "RequestInvalid"
        return OpenEOError(code, message, status=status).as_json(reference)
