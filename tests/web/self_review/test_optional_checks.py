"""Checks of optional parts: files, services, validation, estimates, changes of jobs.

Terra in process meets them, but for what needs real data; broken at one place it is caught there.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any
from wsgiref.types import StartResponse, WSGIApplication, WSGIEnvironment

import pytest
from werkzeug.wrappers import Request, Response

from scripts.self_review.findings import Verdict
from scripts.self_review.registry import CHECKS, load_checks
from tests.web.self_review.world import World

load_checks()
OPTIONAL = re.compile(r"api-(10|49\d|5[0-3]\d|6[1-9]\d|73[235]|75[35]|76\d|82\d|862|90[2349])")
IDS = [identifier for identifier in CHECKS if OPTIONAL.fullmatch(identifier)]
NEEDS_DATA = {"api-10", "api-616", "api-617", "api-909"}
"""What the computing of these tests, which makes up its results, cannot show."""

Alter = Callable[[Response], None]


@dataclass
class Broken:
    """An app whose answers to one kind of request are altered."""

    app: WSGIApplication
    method: str
    path: re.Pattern[str]
    alter: Alter

    def __call__(self, environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        request = Request(environ)
        path = re.sub(r"^/openeo/[\d.]+", "", request.path)
        if request.method != self.method or not self.path.fullmatch(path):
            return self.app(environ, start)
        answer = Response.from_app(self.app, environ)
        self.alter(answer)
        return answer(environ, start)


def status(code: int) -> Alter:
    """Answer with another status."""

    def alter(answer: Response) -> None:
        answer.status_code = code

    return alter


def changed(change: Callable[[dict[str, Any]], Any]) -> Alter:
    """Answer with a changed document."""

    def alter(answer: Response) -> None:
        if answer.status_code == 200:
            document = json.loads(answer.get_data())
            change(document)
            answer.set_data(json.dumps(document))

    return alter


def bytes_of(content: bytes) -> Alter:
    def alter(answer: Response) -> None:
        answer.direct_passthrough = False
        answer.get_data()  # which reads the file to its end, and closes it
        answer.close()
        answer.set_data(content)

    return alter


def each(key: str, field: str) -> Alter:
    """Leave a field out of every entry of a list."""
    return changed(lambda document: [one.pop(field, None) for one in document[key]])


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    made = World(tmp_path)
    yield made
    made.close()


def review(world: World, *ids: str) -> dict[str, Verdict]:
    return {k: found.verdict for k, found in world.review(ids, user="alice").items()}


def test_every_optional_row_has_a_check() -> None:
    assert len(IDS) == 90


def test_terra_meets_the_optional_rows(world: World) -> None:
    found = review(world, *IDS)
    failing = {k for k, verdict in found.items() if verdict is not Verdict.PASS}
    assert failing <= NEEDS_DATA


LONG = "a" * 100_000
MUTATIONS: list[tuple[str, str, str, Alter]] = [
    ("api-862", "GET", "/jobs/[^/]+/results", status(400)),
    ("api-862", "GET", "/jobs/[^/]+/results", changed(lambda d: d.pop("openeo:status", None))),
    ("api-824", "GET", "/jobs/[^/]+/estimate", changed(lambda d: d.pop("downloads_included"))),
    ("api-824", "GET", "/jobs/[^/]+/estimate", changed(lambda d: d.update(downloads_included=-1))),
    ("api-491", "POST", "/validation", changed(lambda d: d.update(errors=[{"code": "X"}]))),
    ("api-492", "POST", "/validation", changed(lambda d: d.update(errors=[]))),
    ("api-493", "POST", "/validation", status(400)),
    ("api-501", "GET", "/files", changed(lambda d: d.pop("links"))),
    ("api-504", "GET", "/files", each("files", "path")),
    ("api-505", "GET", "/files", each("files", "modified")),
    ("api-510", "PUT", "/files/.*", status(507)),
    ("api-520", "GET", "/files/.+", status(404)),
    ("api-521", "GET", "/files/.+", bytes_of(b"other")),
    ("api-531", "DELETE", "/files/.+", status(200)),
    ("api-611", "GET", "/services", changed(lambda d: d.pop("links"))),
    ("api-614", "GET", "/services", each("services", "url")),
    ("api-615", "GET", "/services", each("services", "title")),
    ("api-630", "POST", "/services", status(501)),
    ("api-638", "POST", "/services", status(200)),
    ("api-651", "GET", "/services/[^/]+", changed(lambda d: d.pop("attributes"))),
    ("api-652", "GET", "/services/[^/]+", changed(lambda d: d.update(title="other"))),
    ("api-667", "PATCH", "/services/[^/]+", status(405)),
    ("api-681", "DELETE", "/services/[^/]+", status(200)),
    ("api-690", "GET", "/services/[^/]+/logs", status(404)),
    ("api-695", "GET", "/services/[^/]+/logs", changed(lambda d: d.pop("level", None))),
    ("api-696", "GET", "/services/[^/]+/logs", each("logs", "message")),
    ("api-697", "GET", "/services/[^/]+/logs", each("logs", "time")),
    ("api-733", "GET", "/jobs/[^/]+", changed(lambda d: d.pop("log_level", None))),
    ("api-753", "GET", "/jobs/[^/]+", changed(lambda d: d.pop("budget", None))),
    ("api-760", "PATCH", "/jobs/[^/]+", status(405)),
    ("api-764", "GET", "/jobs/[^/]+", changed(lambda d: d.update(title="other"))),
    ("api-821", "GET", "/jobs/[^/]+/estimate", changed(lambda d: d.pop("costs"))),
    ("api-822", "GET", "/jobs/[^/]+/estimate", changed(lambda d: d.update(duration="long"))),
    ("api-826", "GET", "/jobs/[^/]+/estimate", status(202)),
    ("api-902", "POST", "/result", status(400)),
    ("api-60", "GET", "/conformance", status(500)),
    ("api-61", "GET", "/conformance", changed(lambda d: d.pop("conformsTo"))),
    ("api-72", "GET", "/udf_runtimes", status(401)),
    ("api-330", "GET", "/collections/[^/]+/queryables", changed(lambda d: d.clear())),
    ("api-490", "POST", "/validation", status(500)),
    ("api-497", "POST", "/validation", changed(lambda d: d.update(errors=[]))),
    ("api-500", "GET", "/files", status(500)),
    ("api-506", "GET", "/files", changed(lambda d: d["files"][0].update(path="/a"))),
    ("api-511", "GET", "/files/.*", status(404)),
    ("api-513", "GET", "/files/.+", bytes_of(b"other")),
    ("api-530", "DELETE", "/files/.+", status(500)),
    ("api-601", "GET", "/service_types", status(401)),
    ("api-610", "GET", "/services", status(500)),
    ("api-653", "GET", "/services/[^/]+", changed(lambda d: d.pop("plan"))),
    ("api-654", "GET", "/services/[^/]+", changed(lambda d: d.pop("self_review_option", None))),
    ("api-680", "DELETE", "/services/[^/]+", status(500)),
    ("api-694", "GET", "/services/[^/]+/logs", changed(lambda d: d.pop("links"))),
    (
        "api-698",
        "GET",
        "/services/[^/]+/logs",
        changed(lambda d: d["logs"][0].update(message=LONG)),
    ),
    ("api-755", "GET", "/jobs/[^/]+", changed(lambda d: d.pop("self_review_option", None))),
    ("api-820", "GET", "/jobs/[^/]+/estimate", status(500)),
    ("api-823", "GET", "/jobs/[^/]+/estimate", changed(lambda d: d.update(size="big"))),
    ("api-825", "GET", "/jobs/[^/]+/estimate", changed(lambda d: d.update(expires="soon"))),
    ("api-71", "GET", "/udf_runtimes", status(500)),
    ("api-74", "GET", "/udf_runtimes", changed(lambda d: d.update(Python=None))),
    ("api-75", "GET", "/udf_runtimes", changed(lambda d: d["Python"].pop("title"))),
    ("api-600", "GET", "/service_types", status(500)),
    ("api-603", "GET", "/service_types", changed(lambda d: d.update(XYZ=None))),
    ("api-604", "GET", "/service_types", changed(lambda d: d["XYZ"].pop("title"))),
    ("api-616", "GET", "/services/[^/]+", changed(lambda d: d.pop("url"))),
    ("api-650", "GET", "/services/[^/]+", status(404)),
    ("api-661", "GET", "/services/[^/]+", changed(lambda d: d.update(process={}))),
    ("api-693", "GET", "/services/[^/]+/logs", changed(lambda d: d.update(links=[]))),
    ("api-761", "GET", "/jobs/[^/]+", changed(lambda d: d.update(process={}))),
    ("api-761", "PATCH", "/jobs/[^/]+", status(400)),
    ("api-661", "PATCH", "/services/[^/]+", status(400)),
]


@pytest.mark.parametrize(
    ("requirement", "method", "path", "alter"), MUTATIONS, ids=[m[0] for m in MUTATIONS]
)
def test_a_broken_rule_is_caught_by_its_check(
    world: World, requirement: str, method: str, path: str, alter: Alter
) -> None:
    wsgi = world.app.wsgi_app
    world.app.wsgi_app = Broken(wsgi, method, re.compile(path), alter)  # type: ignore[assignment, method-assign]
    assert review(world, requirement)[requirement] is Verdict.FAIL


@pytest.mark.parametrize(
    ("requirement", "path", "field"),
    [
        ("api-732", "/jobs", "plan"),
        ("api-733", "/jobs", "log_level"),
        ("api-735", "/jobs", "self_review_option"),
        ("api-634", "/services", "plan"),
        ("api-635", "/services", "log_level"),
        ("api-637", "/services", "self_review_option"),
    ],
)
def test_a_field_with_which_nothing_can_be_created_fails_the_check_of_that_field(
    world: World, requirement: str, path: str, field: str
) -> None:
    wsgi = world.app.wsgi_app

    def refusing(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        body = Request(environ).get_data()
        environ["wsgi.input"] = BytesIO(body)
        asked = environ["REQUEST_METHOD"], environ["PATH_INFO"].rpartition("/openeo/1.3")[2]
        if asked == ("POST", path) and field in json.loads(body):
            return Response("{}", 400)(environ, start)
        return wsgi(environ, start)

    world.app.wsgi_app = refusing  # type: ignore[assignment, method-assign]
    assert review(world, requirement)[requirement] is Verdict.FAIL


def test_what_defines_no_service_type_and_no_runtime_is_not_said_to_define_them_well(
    world: World,
) -> None:
    wsgi = world.app.wsgi_app
    empty = changed(lambda document: document.clear())
    broken = Broken(wsgi, "GET", re.compile("/udf_runtimes|/service_types"), empty)
    world.app.wsgi_app = broken  # type: ignore[assignment, method-assign]
    found = review(world, "api-74", "api-75", "api-603", "api-604")
    assert set(found.values()) == {Verdict.NOT_APPLICABLE}


def test_a_review_that_only_reads_makes_nothing(world: World) -> None:
    from scripts.self_review.backend import Options

    found = world.review(IDS, user="alice", options=Options(read_only=True))
    verdicts = {k: one.verdict for k, one in found.items()}
    assert verdicts["api-500"] is Verdict.PASS
    assert verdicts["api-510"] is Verdict.COULD_NOT_TELL
    assert verdicts["api-630"] is Verdict.COULD_NOT_TELL


def test_files_at_an_aggregator_are_put_at_a_member(world: World) -> None:
    wsgi = world.app.wsgi_app
    alter = changed(lambda d: d.update(federation={"terra": {}, "aurora": {}}))
    seen: list[str] = []

    def noted(environ: WSGIEnvironment, start: StartResponse) -> Iterable[bytes]:
        if environ["REQUEST_METHOD"] == "PUT":
            seen.append(str(environ["PATH_INFO"]))
        return Broken(wsgi, "GET", re.compile("/?"), alter)(environ, start)

    world.app.wsgi_app = noted  # type: ignore[assignment, method-assign]
    assert review(world, "api-510", "api-511")["api-511"] is Verdict.PASS
    assert seen and all("/files/terra/openeo-self-review-" in path for path in seen)
