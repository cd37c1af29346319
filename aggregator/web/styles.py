"""Pages that need nothing else: their style stands in them, and nothing else may be loaded."""

from __future__ import annotations

import base64
import hashlib
from pathlib import Path

TEMPLATES = Path(__file__).parent / "templates"


class Style:
    """A stylesheet, and the headers under which only it is applied.

    `forms` says where forms may be sent: `'none'` or `'self'`.
    """

    def __init__(self, file: str, *, vary: str = "Accept", forms: str = "'none'") -> None:
        self.css = (TEMPLATES / file).read_text(encoding="utf-8")
        digest = base64.b64encode(hashlib.sha256(self.css.encode()).digest()).decode()
        self.headers = {
            "Cache-Control": "no-store",
            "Vary": vary,
            "Referrer-Policy": "no-referrer",
            "X-Content-Type-Options": "nosniff",
            "Content-Security-Policy": (
                f"default-src 'none'; style-src 'sha256-{digest}'; form-action {forms}; "
                "base-uri 'none'; frame-ancestors 'none'"
            ),
        }
