"""Removing the folders of computations."""

import logging
import shutil
from pathlib import Path
from typing import Final

LOG: Final = logging.getLogger(__name__)


def remove(folder: Path) -> None:
    """Remove a folder, if it is there, with all in it; the log tells where that fails.

    Whoever deletes results must be able to rely on it, and the disk fills up otherwise.
    """
    shutil.rmtree(folder, ignore_errors=True)
    if folder.exists():
        LOG.error("%s could not be removed, at least not all of it", folder)
