"""Reading a process from a file, in any of the forms in which one finds them."""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from aggregator.routing.bodies import OPTIONS, PROPERTIES, without_choice

CHOICES = (*PROPERTIES, *OPTIONS)


class UnreadableGraph(Exception):  # noqa: N818 - a state of the file, not of the program
    """A file that holds no process; the message says what was found instead."""


def read_body(file: Path) -> dict[str, Any]:
    """The body of a request that has the file's process as its `process`.

    The file (`-`: standard input) holds such a body itself, a process with its
    `process_graph`, or a process graph alone. A choice that stands in the process, as in the body
    of `POST /validation`, stands beside it then.
    """
    document = read_json(file)
    if not isinstance(document, Mapping) or not document:
        raise UnreadableGraph(
            f"{_named(file)} must hold a process graph: a JSON object, such as "
            '{"load1": {"process_id": "load_collection", "arguments": {...}, "result": true}}.'
        )
    if isinstance(document.get("process"), Mapping):
        return dict(document)
    if "process_graph" in document:
        chosen = {name: document[name] for name in CHOICES if name in document}
        return {"process": without_choice(document), **chosen}
    return {"process": {"process_graph": dict(document)}}


def _named(file: Path) -> str:
    return "Standard input" if str(file) == "-" else str(file)


def read_json(file: Path) -> Any:
    """The document in a file (`-`: standard input). Raises UnreadableGraph."""
    try:
        text = sys.stdin.read() if str(file) == "-" else file.read_text(encoding="utf-8")
        return json.loads(text)
    except OSError as error:
        raise UnreadableGraph(f"{file} cannot be read: {error.strerror}.") from error
    except (UnicodeDecodeError, RecursionError) as error:
        raise UnreadableGraph(f"{_named(file)} is no JSON: {error}.") from error
    except json.JSONDecodeError as error:
        raise UnreadableGraph(
            f"{_named(file)} is no JSON: {error.msg} in line {error.lineno}, column {error.colno}."
        ) from error
