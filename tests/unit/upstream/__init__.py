"""The room that talks to backends."""
