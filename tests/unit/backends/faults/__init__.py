"""Tests of faults on purpose."""
