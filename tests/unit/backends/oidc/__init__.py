"""Tests of a backend as a resource server."""
