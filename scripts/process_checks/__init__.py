"""Runs every process that the simulated backends list and judges what it gives.

`execution` runs one process on a backend's profile, `checks` and `cube_checks` know what is
right, `page` writes `docs/processes.md` from a run.
"""
