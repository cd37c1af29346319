"""Events as a feed in the Atom format (RFC 4287)."""

from __future__ import annotations

import re
import uuid
from collections.abc import Sequence
from xml.etree import ElementTree as Xml

from aggregator.moments import rfc3339
from aggregator.storage.events import Event

MEDIA_TYPE = "application/atom+xml; charset=utf-8"
NAMESPACE = "http://www.w3.org/2005/Atom"
# What XML 1.0 cannot hold, however it is written.
_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def feed(events: Sequence[Event], *, title: str, address: str, page: str, now: int) -> bytes:
    """The document; `address` is its own, `page` that of the same for people.

    An entry's id is that of the event, whatever the address: it stays the same for ever.
    """
    root = Xml.Element("feed", {"xmlns": NAMESPACE})
    _add(root, "id", address)
    _add(root, "title", f"{title}: availability")
    _add(root, "updated", rfc3339(events[0].at if events else now))
    _add(_add(root, "author"), "name", title)
    _add(root, "link", rel="self", type="application/atom+xml", href=address)
    _add(root, "link", rel="alternate", type="text/html", href=page)
    for event in events:
        _entry(root, event, page)
    made: bytes = Xml.tostring(root, encoding="utf-8", xml_declaration=True)
    return made


def possible(text: str) -> str:
    """The text with a sign in the place of each character that XML cannot hold."""
    return _FORBIDDEN.sub("\ufffd", text)


def _entry(root: Xml.Element, event: Event, page: str) -> None:
    entry = _add(root, "entry")
    _add(entry, "id", uuid.UUID(event.id).urn)
    _add(entry, "title", event.title)
    _add(entry, "updated", rfc3339(event.at))
    _add(entry, "published", rfc3339(event.at))
    _add(entry, "category", term=event.kind)
    if event.backend:
        _add(entry, "category", term=event.backend, label="backend")
    _add(entry, "link", rel="alternate", type="text/html", href=f"{page}#{event.id}")
    _add(entry, "content", event.text or event.title, type="text")


def _add(parent: Xml.Element, name: str, text: str | None = None, **attributes: str) -> Xml.Element:
    element = Xml.SubElement(parent, name, attributes)
    if text is not None:
        element.text = possible(text)
    return element
