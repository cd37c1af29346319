"""The room that knows the order of steps."""
