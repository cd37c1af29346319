"""People at a browser without scripts: they follow links, log in, and allow or deny."""

from __future__ import annotations

import html
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from queue import SimpleQueue

import requests

TIMEOUT = 20


class Person:
    """Somebody with a name, whose password is that name."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._browser = requests.Session()

    def allow(self, url: str) -> requests.Response:
        """Follow the link that a program shows, log in, and let the program in."""
        self._send(url, action="login", username=self.name, password=self.name)
        return self._send(url, action="allow")

    def deny(self, url: str) -> requests.Response:
        """Follow the link, log in, and keep the program out."""
        self._send(url, action="login", username=self.name, password=self.name)
        return self._send(url, action="deny")

    def _send(self, url: str, **fields: str) -> requests.Response:
        page = self._browser.get(url, timeout=TIMEOUT)
        hidden = re.findall(r'<input type="hidden" name="([^"]+)" value="([^"]*)">', page.text)
        form = {name: html.unescape(value) for name, value in hidden}
        answer = self._browser.post(url, data={**form, **fields}, timeout=TIMEOUT)
        assert answer.ok, answer.text
        return answer


@contextmanager
def watching(react: Callable[[str], object]) -> Iterator[Callable[[str], None]]:
    """Gives what a program shows its messages with; somebody reacts to each link in them."""
    shown: SimpleQueue[str | None] = SimpleQueue()
    failures: list[Exception] = []

    def watch() -> None:
        while (message := shown.get()) is not None:
            for url in re.findall(r"https?://[^\s'\"]+", message):
                try:
                    react(url)
                except (requests.RequestException, AssertionError) as error:
                    failures.append(error)

    thread = threading.Thread(target=watch)
    thread.start()
    try:
        yield lambda message, **_: shown.put(message)
    finally:
        shown.put(None)
        thread.join(TIMEOUT)
    assert not failures, failures
