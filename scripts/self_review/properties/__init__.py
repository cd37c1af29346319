"""What must hold of processes that need the data of a collection, computed on a small sample."""

from __future__ import annotations

from scripts.self_review.properties import labels, space, values
from scripts.self_review.properties.holding import PROPERTIES, Held, held

__all__ = ["PROPERTIES", "Held", "held", "labels", "space", "values"]
