"""Simulated openEO backends: one program that a profile turns into one backend.

The HTTP side (``web``, ``app``, ``serve``, ``jobs``) starts light; whatever needs
the processing stack runs in the compute process (``compute``).
"""

__version__ = "0.1.0"
