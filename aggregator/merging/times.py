"""Times in documents: RFC 3339 instants and dates, compared as moments."""

import re
from datetime import UTC, datetime
from functools import lru_cache

_DATE = r"[0-9]{4}(-[0-9]{2}(-[0-9]{2})?)?"
_TIME = r"[T ][0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]+)?)?(Z|[+-][0-9]{2}:[0-9]{2})?"
_FORM = re.compile(f"{_DATE}|[0-9]{{4}}-[0-9]{{2}}-[0-9]{{2}}{_TIME}", re.IGNORECASE)


def moment(value: object) -> datetime | None:
    """The moment at which a date or an instant begins (UTC if it does not say); None if none.

    Also years and months count: ``2015`` begins with ``2015-01-01T00:00:00Z``.
    """
    return _moment(value) if isinstance(value, str) else None


@lru_cache(maxsize=4096)
def _moment(value: str) -> datetime | None:
    if not _FORM.fullmatch(value):
        return None
    complete = value + "0000-01-01"[len(value) :] if len(value) < 10 else value.upper()
    try:
        found = datetime.fromisoformat(complete)
        return found.replace(tzinfo=UTC) if found.tzinfo is None else found.astimezone(UTC)
    except (ValueError, OverflowError):
        return None
