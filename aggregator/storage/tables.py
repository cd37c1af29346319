"""Every module with tables: what stands here is made when a database is opened."""

from __future__ import annotations

from aggregator.storage import (
    consent_schema,
    federated_schema,
    health_schema,
    process_schema,
    schema,
)
from aggregator.storage.metadata import metadata

MODULES = (schema, consent_schema, federated_schema, health_schema, process_schema)

__all__ = ["MODULES", "metadata"]
