"""What is stored is tested in both databases."""

from __future__ import annotations

from tests.unit.storage.conftest import url

__all__ = ["url"]
