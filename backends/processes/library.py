"""The implementations of openeo-processes-dask, imported in one place.

Its import sets off deprecation warnings in libraries that it uses, and logs that its machine
learning is not installed (it is not offered here): both are silenced here and nowhere else.
"""

import logging
import warnings
from typing import Any

logging.getLogger("openeo_processes_dask.process_implementations").setLevel(logging.ERROR)
with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    import openeo_processes_dask.process_implementations as implementations
    from openeo_processes_dask.process_implementations.exceptions import OpenEOException

library: Any = implementations
"""Its functions, which are untyped."""

__all__ = ["OpenEOException", "library"]
