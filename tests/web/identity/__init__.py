"""Tests of the provider of identities."""
