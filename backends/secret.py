"""Secrets that a server makes for itself and keeps."""

import os
import secrets
from pathlib import Path
from typing import Final

KEY_BYTES: Final = 64


def read_or_make_key(path: Path) -> bytes:
    """The secret in that file, made at first use and readable by its owner only."""
    try:
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        return path.read_bytes()
    with os.fdopen(descriptor, "wb") as file:
        file.write(secrets.token_bytes(KEY_BYTES))
    return path.read_bytes()
