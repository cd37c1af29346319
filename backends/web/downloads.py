"""Files that are sent while others may delete them."""

from collections.abc import Iterator
from contextlib import contextmanager

from backends.errors import OpenEOError


@contextmanager
def unless_deleted(missing: OpenEOError) -> Iterator[None]:
    """Raises ``missing`` where a file that was there a moment ago is not any more."""
    try:
        yield
    except (FileNotFoundError, NotADirectoryError) as error:
        raise missing from error
