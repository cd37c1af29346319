"""Benchmarks: run by hand, reported as ratios, never asserted in tests."""
