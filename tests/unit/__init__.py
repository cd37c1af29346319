"""Unit tests: one folder for each room, one file for each module."""
