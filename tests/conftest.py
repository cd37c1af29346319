"""How all tests are run."""

from hypothesis import settings

# A machine that is busy takes longer, which says nothing of what is tested. It holds for tests that
# are imported after this.
settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")
