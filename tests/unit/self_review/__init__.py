"""The self-review, room by room."""
