"""Every module with tables: what stands here is made when a database is opened."""

from __future__ import annotations

from aggregator.storage import schema
from aggregator.storage.metadata import metadata

MODULES = (schema,)

__all__ = ["MODULES", "metadata"]
