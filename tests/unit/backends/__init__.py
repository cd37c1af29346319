"""Unit tests of the simulated backends."""
