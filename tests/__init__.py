"""Tests, named as promises; the folders mirror the rooms of the source."""
