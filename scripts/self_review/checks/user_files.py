"""Files of the user, stored at /files."""

from __future__ import annotations

import hashlib
from contextlib import suppress
from typing import Final

from scripts.self_review.backend import ABSENT, Backend, Entry, objects, usable
from scripts.self_review.checks.deletions import Deleted, answered_with_204, deleted, gone
from scripts.self_review.checks.jobs import readable
from scripts.self_review.findings import (
    NotJudgedError,
    Outcome,
    judged,
    not_applicable,
    shown_answer,
)
from scripts.self_review.lists import full, paged, valid_list
from scripts.self_review.probe.answer import Answer
from scripts.self_review.registry import check

PATH: Final = "/files"
CONTENT: Final = b'{"made by": "openeo-self-review"}'
OTHER: Final = b'{"made by": "openeo-self-review", "again": true}'


def _offered(backend: Backend) -> None:
    answer = backend.get(PATH)
    if answer.status in ABSENT:
        raise NotJudgedError(not_applicable(f"There is no {PATH}.", answer))


def _name(backend: Backend, *parts: str) -> str:
    """A path of this review; at an aggregator it begins with the member that keeps the file."""
    members = backend.capabilities.get("federation")
    first = next(iter(members), None) if isinstance(members, dict) else None
    start = [str(first)] if first is not None else []
    return "/".join([*start, backend.making.name, *parts]) + ".json"


def _put(backend: Backend, name: str, content: bytes) -> Answer:
    _offered(backend)
    backend.making.removes(f"{PATH}/{name}")
    headers = {"Content-Type": "application/octet-stream"}
    return backend.send("PUT", f"{PATH}/{name}", data=content, headers=headers)


def _kept(backend: Backend) -> tuple[str, Answer]:
    """A file that is uploaded, in a folder: its path, and what that was answered."""
    name = _name(backend, "kept")
    found: Answer = backend.making.once("kept file", lambda: _put(backend, name, CONTENT))
    return name, found


def _needs_kept(backend: Backend) -> str:
    name, answer = _kept(backend)
    readable(answer, "api-510")
    return name


@check("api-510")
def files_can_be_uploaded(backend: Backend) -> Outcome:
    name = _name(backend)
    answer: Answer = backend.making.once("plain file", lambda: _put(backend, name, CONTENT))
    problems = [] if answer.ok else [f"PUT answers {answer.status}"]
    return judged(problems, "They can.", answer)


@check("api-511")
def nested_paths_are_understood(backend: Backend) -> Outcome:
    name, answer = _kept(backend)
    if not answer.ok:
        return judged([f"PUT {PATH}/{name} answers {answer.status}"], "", answer)
    found = backend.send("GET", f"{PATH}/{name}")
    problems = [] if found.ok else [f"what was uploaded there answers {found.status}"]
    return judged(problems, f"{name} can be written and read.", answer, found)


@check("api-512")
def folders_are_supported(backend: Backend) -> Outcome:
    name = _needs_kept(backend)
    paths = [str(one.get("path", "")) for one in _listed(backend)]
    problems = [] if any(path.strip("/") == name for path in paths) else [f"{name} is not listed"]
    return judged(
        problems, "A file in a folder is listed with it.", looked_at=f"{len(paths)} files"
    )


@check("api-513")
def uploading_again_overwrites(backend: Backend) -> Outcome:
    name = _name(backend, "twice")
    readable(_put(backend, name, CONTENT), "api-510")
    answer = _put(backend, name, OTHER)
    problems = [] if answer.ok else [f"the second PUT answers {answer.status}"]
    found = backend.send("GET", f"{PATH}/{name}")
    if found.ok and found.body != OTHER:
        problems.append("what comes is not what was uploaded last")
    return judged(problems, "What was uploaded last is there.", answer, found)


def _fetched(backend: Backend) -> Answer:
    name = _needs_kept(backend)
    found: Answer = backend.making.once(
        "kept file again", lambda: backend.send("GET", f"{PATH}/{name}")
    )
    return found


@check("api-520")
def files_can_be_downloaded(backend: Backend) -> Outcome:
    answer = _fetched(backend)
    problems = [] if answer.ok else [f"GET answers {answer.status}"]
    return judged(problems, "They can.", answer)


@check("api-521")
def what_is_downloaded_is_what_was_uploaded(backend: Backend) -> Outcome:
    answer = _fetched(backend)
    readable(answer, "api-520")
    same = hashlib.sha256(answer.body).digest() == hashlib.sha256(CONTENT).digest()
    problems = [] if same else [f"{len(answer.body)} other bytes come"]
    kind = answer.headers.get("Content-Type", "")
    fits = ("application/json", "application/octet-stream")
    problems += [] if kind.split(";")[0].strip() in fits else [f"the media type is {kind!r}"]
    return judged(problems, f"The same bytes, as {kind}.", answer)


@check("api-530")
def files_can_be_deleted(backend: Backend) -> Outcome:
    return gone(_deleted(backend), "They can, and are gone.")


@check("api-531")
def deletion_is_answered_with_204(backend: Backend) -> Outcome:
    return answered_with_204(_deleted(backend), "api-530")


def _deleted(backend: Backend) -> Deleted:
    def make() -> str:
        name = _name(backend, "deleted")
        readable(_put(backend, name, CONTENT), "api-510")
        return f"{PATH}/{name}"

    return deleted(backend, "deleted file", make)


# The list.


def _list(backend: Backend) -> Answer:
    """The list, with something in it unless nothing may be made."""
    _offered(backend)
    with suppress(NotJudgedError):  # such as in a review that only reads
        _kept(backend)
    return backend.get_as_user(PATH)


@check("api-500")
def the_list_can_be_read(backend: Backend) -> Outcome:
    answer = _list(backend)
    problems = [] if answer.ok else [f"it answers {answer.status} to a user"]
    return judged(problems, "A user can read it.", answer)


@check("api-501")
def the_list_is_valid(backend: Backend) -> Outcome:
    readable(_list(backend), "api-500")
    return valid_list(_list(backend), ("files", "links"))


@check("api-502")
def the_list_is_paged(backend: Backend) -> Outcome:
    _needs_kept(backend)
    files_can_be_uploaded(backend)
    return paged(backend, PATH, "files", "api-501", user=True)


@check("api-503")
def without_limit_the_list_is_whole(backend: Backend) -> Outcome:
    _needs_kept(backend)
    return full(backend, PATH, "files", "api-501", user=True)


def _listed(backend: Backend) -> list[Entry]:
    _needs_kept(backend)
    answer: Answer = backend.making.once("files", lambda: backend.send("GET", PATH))
    return objects(usable(answer, "api-501").get("files"))


@check("api-504")
def every_entry_has_a_path(backend: Backend) -> Outcome:
    listed = _listed(backend)
    problems = ["an entry has no path" for one in listed if not isinstance(one.get("path"), str)]
    return judged(problems[:1], "Each has one.", looked_at=f"{len(listed)} files")


@check("api-505")
def size_and_time_are_given(backend: Backend) -> Outcome:
    listed = _listed(backend)
    problems = [
        f"{one.get('path')}: no {key}"
        for one in listed
        for key in ("size", "modified")
        if key not in one
    ]
    return judged(problems, "Each has both.", looked_at=f"{len(listed)} files")


@check("api-506")
def paths_are_plain(backend: Backend) -> Outcome:
    paths = [str(one.get("path", "")) for one in _listed(backend)]
    problems = [f"{path} begins with a slash" for path in paths if path.startswith("/")]
    problems += [f"{path} has a backslash" for path in paths if "\\" in path]
    wanted = _needs_kept(backend)
    if wanted not in paths and any(wanted.replace("/", "%2F") == path for path in paths):
        problems.append(f"{wanted} is listed with %2F")
    answer = backend.making.once("files", lambda: backend.send("GET", PATH))
    return judged(problems, "They are.", shown_answer(answer, f"{len(paths)} paths"))
