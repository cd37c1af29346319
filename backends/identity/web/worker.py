"""The worker of the provider: its own refusals have the form of the RFCs too."""

from collections.abc import Mapping
from typing import Any

from backends.worker import ProtocolWorker


class Worker(ProtocolWorker):
    """Serves the provider."""

    @staticmethod
    def refusal(status: int, message: str, _reference: str) -> Mapping[str, Any]:
        """An error of OAuth 2.0 (RFC 6749, section 5.2)."""
        error = "server_error" if status >= 500 else "invalid_request"
        return {"error": error, "error_description": message}
