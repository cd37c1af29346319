"""Where a process would run, and why not elsewhere; and where the backends disagree."""

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import click
import requests

from aggregator.errors import OpenEOError
from aggregator.merging.notes import Note, most_serious_first
from aggregator.routing import Plan, Routing, read_choice, read_requirements
from aggregator.routing.bodies import choices_in
from aggregator.routing.splitting import Unsplittable
from aggregator.settings import load
from aggregator.usecases.credits import BATCH
from aggregator.usecases.splitting import Whole, with_reason
from scripts.federation.graphs import UnreadableGraph, read_body
from scripts.federation.observing import Observed, observed

SOMEWHERE, NOWHERE, UNUSABLE = 0, 1, 2
ANSWER_SECONDS = 60.0
AT_A_TIME = 8
NOBODY = (
    "No backend of this configuration answers. Is the federation up? What was started with "
    "--port-offset is asked with the same --port-offset."
)
COLOURS = {"error": "red", "warning": "yellow"}


def explain(graph: Path, config: Path, policy: str | None = None) -> int:
    """Prints the decision on a file's process, and how it runs in parts if no single backend can.

    0 if it runs somewhere, 1 if nowhere, 2 if wrong.
    """
    try:
        body = _asking(read_body(graph), policy)
        settings = load(config)
        with observed(settings) as federation:
            routing = routing_of(body, federation)
            parts = None if routing.able else parts_of(body, federation)
            offline = dict(federation.problems)
    except UnreadableGraph as problem:
        return _unusable(str(problem))
    except OpenEOError as error:
        return _unusable(f"{error.code}: {error.message}")
    click.echo(routing.explain())
    for backend, reason in offline.items():
        click.echo(f"{backend} is offline: {reason}")
    if parts is None:
        return SOMEWHERE
    if len(offline) < len(settings.order):
        click.echo(f"\n{parts.explain()}")
    else:
        click.echo(f"\n{NOBODY}")
    if isinstance(parts, Plan):
        return SOMEWHERE
    answer = with_reason(routing.rejection(), parts)
    click.echo(f"\nThe answer would be {answer.status} {answer.code}: {answer.message}")
    return NOWHERE


def explain_at(graph: Path, url: str, policy: str | None = None) -> int:
    """Likewise, in the words of a federation that runs at `url` (its `POST /validation`).

    What is malformed is told without asking it.
    """
    try:
        body = _asking(read_body(graph), policy)
        read_requirements(body["process"])
        answer, why = _validated({**body["process"], **choices_in(body)}, url)
    except UnreadableGraph as problem:
        return _unusable(str(problem))
    except OpenEOError as refusal:
        return _unusable(f"{refusal.code}: {refusal.message}")
    except (requests.ConnectionError, requests.Timeout):
        return _unusable(f"{url} cannot be reached. Does a federation run there?")
    except (requests.RequestException, ValueError, LookupError) as problem:
        return _unusable(f"{url} did not answer as an openEO federation does: {problem}")
    for error in answer["errors"]:
        click.echo(f"{error.get('code')}: {error.get('message')}")
    backends = ", ".join(answer.get("federation:backends", ()))
    if answer["errors"]:
        click.echo(f"Checked, and found unable: {backends or 'no backend could be asked'}.")
        return NOWHERE
    click.echo(f"It can run on: {backends or 'at least one backend'}.")
    if why:
        click.echo("\n".join(["", *_laid_out(why)]))
    return SOMEWHERE


def check(config: Path) -> int:
    """Prints each note that merging takes of the backends' documents; 1 if one is an error."""
    settings = load(config)
    with observed(settings) as federation:
        _look_closely(federation)
        notes = most_serious_first(federation.catalogue.notes(federation.view))
        offline = federation.problems
    for note in notes:
        click.echo(_line(note))
    for backend, reason in offline.items():
        click.secho(f"{backend} is offline: {reason}", fg="red")
    click.echo(_summary(notes) if len(offline) < len(settings.order) else NOBODY)
    return int(bool(offline) or any(note.level == "error" for note in notes))


@contextmanager
def explainer(config: Path) -> Iterator[Callable[[Mapping[str, Any]], str]]:
    """A function that explains the routing of a flat process graph; the backends are asked once."""
    with observed(load(config)) as federation:
        yield lambda graph: routing_of(
            {"process": {"process_graph": dict(graph)}}, federation
        ).explain()


def routing_of(body: Mapping[str, Any], federation: Observed) -> Routing:
    """The decision that the aggregator would take on such a request; OpenEOError if malformed."""
    requirements = read_requirements(body["process"])
    explicit = read_choice(body)
    policy = federation.policies.asked(body)
    return federation.processing.route(
        requirements, federation.view, explicit, "POST /result", policy=policy
    )


def parts_of(body: Mapping[str, Any], federation: Observed) -> Plan | Unsplittable:
    """How the aggregator would split such a request for a batch job, or why it could not."""
    return federation.splitting.plan_for(Whole(body, federation.view, "POST /jobs", BATCH))


def _asking(body: Mapping[str, Any], policy: str | None) -> dict[str, Any]:
    """The body with the policy that is to hold, if one is named."""
    return dict(body) | ({"federation:policy": policy} if policy else {})


def _look_closely(federation: Observed) -> None:
    """Asks for the full metadata of what several backends offer: listings tell of no dimensions."""

    def look(identifier: str) -> None:
        with suppress(OpenEOError):  # that of an offline backend, which is told anyway
            federation.catalogue.collection(identifier, federation.view)

    with ThreadPoolExecutor(AT_A_TIME) as pool:
        list(pool.map(look, federation.catalogue.shared(federation.view)))


def _validated(process: Mapping[str, Any], url: str) -> tuple[dict[str, Any], str]:
    """What the federation answers, and how it explains itself (empty if it does not)."""
    root = url.rstrip("/")
    versions = requests.get(f"{root}/.well-known/openeo", timeout=ANSWER_SECONDS)
    if versions.ok:
        root = str(versions.json()["versions"][-1]["url"]).rstrip("/")
    response = requests.post(f"{root}/validation", json=process, timeout=ANSWER_SECONDS)
    try:
        document = response.json()
    except ValueError:
        asked = f"POST {root}/validation"
        raise LookupError(f"{asked} is answered with {response.status_code} and no JSON") from None
    if not response.ok:
        raise ValueError(f"{document.get('code')}: {document.get('message')}")
    if not isinstance(document.get("errors"), list):
        raise LookupError("the answer has no list of errors")
    return dict(document), response.headers.get("OpenEO-Federation-Routing", "")


def _laid_out(why: str) -> Iterator[str]:
    """The explanation in a header, indented as it was before it became one line."""
    headline, *lines = why.split(" | ")
    yield headline
    for line in lines:
        yield f"{'':<{6 if line.startswith('- ') else 2}}{line}"


def _unusable(message: str) -> int:
    click.echo(message, err=True)
    return UNUSABLE


def _line(note: Note) -> str:
    level = click.style(f"{note.level:<7}", fg=COLOURS.get(note.level))
    return f"{level}  {note.code}  {note.message}"


def _summary(notes: list[Note]) -> str:
    levels = [note.level for note in notes]
    counted = [f"{levels.count(level)} of level {level}" for level in dict.fromkeys(levels)]
    return f"{len(notes)} notes: {', '.join(counted)}." if notes else "No notes."
