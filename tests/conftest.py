"""How all tests are run."""

import gc

from hypothesis import settings

# A machine that is busy takes longer, which says nothing of what is tested. It holds for tests that
# are imported after this.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")


def pytest_collection_finish() -> None:
    """Leave what was collected alone: it stays until the end.

    To look through all of it for garbage takes long enough for deadlines to strike.
    """
    gc.collect()
    gc.freeze()
