"""The middleware: between the server and the backend's application."""

import io
from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace
from datetime import datetime
from typing import Any, Final, Protocol, cast
from urllib.parse import quote
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

from backends.faults.bodies import Line, spoiled
from backends.faults.connections import connection_of, reset, wait
from backends.faults.control import Control, may_control
from backends.faults.effects import (
    Broken,
    Clock,
    Delay,
    Effect,
    Error,
    Hang,
    Outage,
    RedirectLoop,
    Reset,
)
from backends.faults.exchange import Answered, Asked, header, refusal, with_body, with_header
from backends.faults.reading import Faults
from backends.faults.rule import Part
from backends.faults.rules import parts_of
from backends.faults.scope import Armed, Plan

WEB_PAGE: Final = "text/html; charset=utf-8"
# So that an answer that is changed is not spared by a client that has the right one already.
CONDITIONS: Final = ("HTTP_IF_NONE_MATCH", "HTTP_IF_MODIFIED_SINCE")

MAX_BODY: Final = 100_000_000

Now = Callable[[], datetime]


def with_faults(app: WSGIApplication, faults: Faults, *, root: str, clock: Now) -> WSGIApplication:
    """The application with these faults; the same one where there are none to be."""
    if not faults.listed and not faults.control:
        return app
    return Faulty(app, faults, root=root, clock=clock)


class Faulty:
    """An application whose answers go wrong as planned."""

    def __init__(self, app: WSGIApplication, faults: Faults, *, root: str, clock: Now) -> None:
        self._app, self._root, self._clock = app, root, clock
        self.plan = Plan(faults.listed, clock())
        self._control = Control(self) if faults.control else None

    def plan_anew(self, faults: Faults) -> None:
        """These faults from now on, and no others; whatever still waits for an old one goes on."""
        before, self.plan = self.plan, Plan(faults.listed, self._clock())
        before.ended.set()

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        if self._control is not None and may_control(environ):
            return _sent(self._control.answer(environ), start)
        asked = _asked(environ, self._root)
        plan = self.plan
        struck = plan.striking(asked, self._clock())
        if not struck:
            return self._app(environ, start)
        return self._exchange(asked, struck, plan, environ, start)

    def _exchange(
        self,
        asked: Asked,
        struck: list[Armed],
        plan: Plan,
        environ: WSGIEnvironment,
        start: StartResponse,
    ) -> Iterable[bytes]:
        line = Line(connection_of(environ), plan.ended)
        effects = [one.fault.effect for one in struck]
        for one in struck:
            _take_time(one, line)
        answered = next((a for one in effects if (a := _instead(one, asked, environ, line))), None)
        closing = _Closing()
        if answered is None:
            parts = [part for effect in effects for part in _parts(effect) if part.matches(asked)]
            answered = self._changed(asked, parts, environ, closing)
        for effect in effects:
            answered = spoiled(effect, answered, line, self._clock())
            if isinstance(effect, Clock):
                _take_date_from(start, header(answered, "Date"))
        closing.body = _sent(answered, start, head=asked.method == "HEAD")
        return closing

    def _changed(
        self, asked: Asked, parts: list[Part], environ: WSGIEnvironment, closing: "_Closing"
    ) -> Answered:
        """The application's answer as broken rules leave it, or theirs in its place."""

        def ask(one: Asked) -> Answered:
            return _called(self._app, _environ(one, environ, self._root), closing)

        wanted: Asked | Answered = asked
        if any(part.request for part in parts):
            wanted = replace(asked, body=_read(environ))
        for part in parts:
            if part.request is not None and isinstance(wanted, Asked):
                wanted = part.request(wanted, ask)
        answered = wanted if isinstance(wanted, Answered) else ask(wanted)
        for part in parts:
            if part.response is not None and answered.status in part.statuses:
                answered = part.response(asked, answered)
        return answered


def _parts(effect: Effect) -> tuple[Part, ...]:
    return parts_of(effect.rule) if isinstance(effect, Broken) else ()


def _take_time(armed: Armed, line: Line) -> None:
    match armed.fault.effect:
        case Delay(seconds, jitter):
            wait(seconds + armed.jitter(jitter), line.ended, line.connection)
        case Hang(seconds):
            if not wait(seconds, line.ended, line.connection) and not line.ended.is_set():
                raise reset(line.connection)
        case _:
            return


def _instead(effect: Effect, asked: Asked, environ: WSGIEnvironment, line: Line) -> Answered | None:
    """What is answered without asking the application; raises where nothing is."""
    match effect:
        case Reset() | Outage(0):
            raise reset(line.connection)
        case Outage(status):
            return _page(status, "The service is temporarily unavailable.")
        case Error(status, code, message, retry_after):
            found = refusal(status, code, message) if code else _page(status, message)
            return with_header(found, "Retry-After", str(retry_after)) if retry_after else found
        case RedirectLoop(status):
            turn = asked.query.count("turn") + 1
            place = quote(str(environ.get("PATH_INFO", "/")))
            return Answered(status, (("Location", f"{place}?{'turn&' * min(turn, 20)}"),))
        case _:
            return None


def _page(status: int, message: str) -> Answered:
    page = f"<!DOCTYPE html><title>{status}</title><p>{message}</p>"
    return with_body(Answered(status), page.encode(), WEB_PAGE)


class _Writes(Protocol):
    def __call__(self, _: bytes, /) -> object: ...


class _Closing:
    """A body that, once it was sent or given up, closes what the application has opened."""

    def __init__(self) -> None:
        self.body: Iterable[bytes] = ()
        self._opened: list[Iterable[bytes]] = []

    def opened(self, body: Iterable[bytes]) -> None:
        """Close that too."""
        self._opened.append(body)

    def __iter__(self) -> Iterator[bytes]:
        return iter(self.body)

    def close(self) -> None:
        """Called by the server."""
        for body in self._opened:
            closing = getattr(body, "close", None)
            if closing is not None:
                closing()


def _asked(environ: WSGIEnvironment, root: str) -> Asked:
    path = str(environ.get("PATH_INFO", ""))
    below = path.removeprefix(root) or "/" if f"{path}/".startswith(f"{root}/") else "/" + path
    headers = {k[5:].replace("_", "-").title(): v for k, v in environ.items() if k[:5] == "HTTP_"}
    query = str(environ.get("QUERY_STRING", ""))
    return Asked(environ["REQUEST_METHOD"], below, query, tuple(headers.items()))


def _read(environ: WSGIEnvironment) -> bytes:
    """The body, which can be read again after this."""
    size = int(environ.get("CONTENT_LENGTH") or 0)
    if environ.get("wsgi.input_terminated") and not size:
        size = MAX_BODY
    body = environ["wsgi.input"].read(size) if size else b""
    environ["wsgi.input"] = io.BytesIO(body)
    return cast(bytes, body)


def _environ(asked: Asked, environ: WSGIEnvironment, root: str) -> WSGIEnvironment:
    """The request as the application gets it: with the method, path, query and headers asked."""
    path = asked.path[1:] if asked.path.startswith("//") else root + asked.path
    kept = {k: v for k, v in environ.items() if k[:5] != "HTTP_"}
    sent = {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in asked.headers}
    for condition in CONDITIONS:
        sent.pop(condition, None)
    kept |= sent | {
        "REQUEST_METHOD": asked.method,
        "PATH_INFO": path,
        "QUERY_STRING": asked.query,
    }
    if asked.body is not None:
        kept |= {"wsgi.input": io.BytesIO(asked.body), "CONTENT_LENGTH": str(len(asked.body))}
    return kept


def _called(app: WSGIApplication, environ: WSGIEnvironment, closing: _Closing) -> Answered:
    started: list[tuple[str, list[tuple[str, str]]]] = []

    def start(status: str, headers: list[tuple[str, str]], _: Any = None) -> _Writes:
        started[:] = [(status, headers)]
        return lambda _: None

    body = app(environ, cast(StartResponse, start))
    closing.opened(body)
    status, headers = started[0]
    return Answered(int(status.split()[0]), tuple(headers), body)


def _sent(answered: Answered, start: StartResponse, *, head: bool = False) -> Iterable[bytes]:
    start(answered.status_line, list(answered.headers))
    return () if head else answered.body


def _take_date_from(start: StartResponse, date: str) -> None:
    """Have gunicorn say this date, since it ignores the one in an answer."""
    response = getattr(start, "__self__", None)
    ordinary = getattr(response, "default_headers", None)
    if response is not None and ordinary is not None:
        response.default_headers = lambda: [
            f"Date: {date}\r\n" if line.lower().startswith("date:") else line for line in ordinary()
        ]
