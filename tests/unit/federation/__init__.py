"""Promises of the command line, of starting and stopping, and of moving a configuration."""
