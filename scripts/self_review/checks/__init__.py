"""The checks, a module per topic: small functions of the examined backend.

Each is registered for a requirement by its id; see `registry`.
"""
