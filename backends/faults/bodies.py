"""Bodies that are not what was announced."""

import copy
import random
import re
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from socket import socket
from typing import Any, Final

import orjson

from backends.faults.connections import hang_up, wait
from backends.faults.effects import (
    Clock,
    ContentType,
    Drip,
    Effect,
    Endless,
    Garbage,
    Giant,
    HalfBody,
    Scramble,
)
from backends.faults.exchange import JSON, Answered, is_json, pieces, whole, with_body, with_header

BLANKS: Final = b" " * 65_536
ODD: Final[tuple[Any, ...]] = (
    *(None, True, -1, 0.5, 2**60, "", "odd", " ", [], [None], [[]], ["odd"], [{}], {}),
    *({"odd": None}, {"": {}}, {"odd": [1, "2", None]}),
)
_TIMESTAMP: Final = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z")
CLOCK_KEYS: Final = frozenset({"created", "updated", "queued", "started", "expires", "time"})


@dataclass(frozen=True)
class Line:
    """What a body that takes its time needs to know: its connection, and the end of its fault."""

    connection: socket | None
    ended: threading.Event


def spoiled(  # noqa: PLR0911 - a table of the effects
    effect: Effect, answered: Answered, line: Line, now: datetime
) -> Answered:
    """The answer as the effect leaves it; effects that are not about answers leave it alone."""
    match effect:
        case HalfBody():
            return _half(answered, effect.share, line)
        case Garbage():
            return with_body(answered, _broken(whole(answered)), JSON)
        case Scramble():
            return _scrambled(answered, effect)
        case ContentType():
            return with_header(answered, "Content-Type", effect.type)
        case Drip():
            return replace(answered, body=_dripping(answered.body, effect, line))
        case Endless():
            return replace(
                with_header(answered, "Content-Length", None),
                body=_endless(answered.body, effect, line),
            )
        case Giant():
            return _giant(answered, int(effect.megabytes * 1e6), line)
        case Clock():
            return _at_another_time(answered, timedelta(seconds=effect.offset), now)
        case _:
            return answered


def _half(answered: Answered, share: float, line: Line) -> Answered:
    body = whole(answered)
    return replace(with_body(answered, body), body=_cut(body[: int(len(body) * share)], line))


def _cut(body: bytes, line: Line) -> Iterator[bytes]:
    yield body
    raise hang_up(line.connection)


def _broken(body: bytes) -> bytes:
    """Neither JSON nor text: as when a disk or a proxy has gone wrong in the middle."""
    return body[: len(body) // 2] + b'\x00\xff{"]' + body[len(body) // 2 :]


def _scrambled(answered: Answered, effect: Scramble) -> Answered:
    if not is_json(answered):
        return answered
    body = whole(answered)
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        return with_body(answered, body)
    chance = random.Random(effect.salt)  # noqa: S311 - no secret
    inner = _mixed(document, effect.share, chance) if isinstance(document, dict) else document
    return with_body(answered, orjson.dumps(inner))


def _mixed(value: Any, share: float, chance: random.Random) -> Any:
    """The value with some of what is in it replaced; itself it stays of its type."""
    if isinstance(value, dict):
        return {key: _odd_or(inner, share, chance) for key, inner in value.items()}
    if isinstance(value, list):
        return [_odd_or(inner, share, chance) for inner in value]
    return value


def _odd_or(value: Any, share: float, chance: random.Random) -> Any:
    if chance.random() < share:
        return copy.deepcopy(chance.choice(ODD))
    return _mixed(value, share, chance)


def _dripping(body: Iterable[bytes], effect: Drip, line: Line) -> Iterator[bytes]:
    for number, piece in enumerate(pieces(body, effect.size)):
        if number and not line.ended.is_set():
            _pause(effect.seconds, line)
        yield piece


def _endless(body: Iterable[bytes], effect: Endless, line: Line) -> Iterator[bytes]:
    yield from body
    blanks = b" " * effect.size
    while not line.ended.is_set():
        yield blanks
        _pause(effect.seconds, line)


def _pause(seconds: float, line: Line) -> None:
    """Wait; once the peer has gone there is nobody to send the rest to."""
    if seconds and not wait(seconds, line.ended, line.connection) and not line.ended.is_set():
        raise hang_up(line.connection)


def _giant(answered: Answered, size: int, line: Line) -> Answered:
    body = whole(answered)
    if len(body) >= size:
        return with_body(answered, body)
    announced = with_header(answered, "Content-Length", str(size))
    return replace(announced, body=_padded(body, size, line))


def _padded(body: bytes, size: int, line: Line) -> Iterator[bytes]:
    yield body
    left = size - len(body)
    while left > 0:
        if line.ended.is_set():
            raise hang_up(line.connection)
        yield BLANKS[:left]
        left -= len(BLANKS)


def _at_another_time(answered: Answered, offset: timedelta, now: datetime) -> Answered:
    dated = with_header(answered, "Date", http_date(now + offset))
    if not is_json(answered):
        return dated
    body = whole(answered)
    try:
        document = orjson.loads(body)
    except orjson.JSONDecodeError:
        return with_body(dated, body)
    return with_body(dated, orjson.dumps(_shifted(document, offset, "")))


def http_date(moment: datetime) -> str:
    """A time as HTTP headers have it."""
    return format_datetime(moment.astimezone(UTC), usegmt=True)


def _shifted(value: Any, offset: timedelta, key: str) -> Any:
    if isinstance(value, dict):
        return {name: _shifted(inner, offset, name) for name, inner in value.items()}
    if isinstance(value, list):
        return [_shifted(inner, offset, key) for inner in value]
    if key in CLOCK_KEYS and isinstance(value, str) and _TIMESTAMP.fullmatch(value):
        moved = datetime.fromisoformat(value) + offset
        return moved.isoformat().replace("+00:00", "Z")
    return value
