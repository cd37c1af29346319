"""Pictures in SVG: the frame of one, and shapes in it."""

from __future__ import annotations

from xml.etree import ElementTree as Xml


def picture(title: str, width: int, height: int) -> Xml.Element:
    """A white picture of that size, in pixels; the title is what a screen reader says."""
    root = Xml.Element(
        "svg",
        {
            "xmlns": "http://www.w3.org/2000/svg",
            "viewBox": f"0 0 {width} {height}",
            "width": str(width),
            "height": str(height),
            "font-family": "system-ui, sans-serif",
            "font-size": "12",
            "role": "img",
        },
    )
    add(root, "title").text = title
    add(root, "rect", width=width, height=height, fill="#ffffff")
    return root


def add(parent: Xml.Element, name: str, **given: object) -> Xml.Element:
    """A shape with these attributes, drawn over what is there."""
    return Xml.SubElement(parent, name, {key: str(value) for key, value in given.items()})
