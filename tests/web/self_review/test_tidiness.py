"""What a review makes it removes, also when it is stopped; and it shows no secret."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest

from scripts.self_review.account import Account, BasicLogin
from scripts.self_review.backend import Options
from scripts.self_review.catalogue import MANUAL
from scripts.self_review.findings import Finding
from scripts.self_review.report import Report
from scripts.self_review.reports import FORMS
from scripts.self_review.review import MOST_JOBS, RESULTS_BESIDE, Review, most
from tests.fakes.transports import WsgiAdapter
from tests.web.self_review.world import HOST, QUICK, SHORT, World


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    made = World(tmp_path_factory.mktemp("world"))
    yield made
    made.close()


class Spy(WsgiAdapter):
    """Counts what is made, and what it is answered."""

    def __init__(self, world: World) -> None:
        super().__init__({HOST: world.app})
        self.posted: list[str] = []
        self.computed: set[tuple[int, str]] = set()
        """Each result, and each job once, that the backend has taken."""

    def send(self, request: Any, *args: Any, **kw: Any) -> Any:
        if request.method in {"POST", "PUT"}:
            self.posted.append(f"{request.method} {request.path_url}")
        answer = super().send(request, *args, **kw)
        if request.method == "POST" and answer.ok:
            if request.path_url.endswith("/result"):
                self.computed.add((len(self.posted), request.path_url))
            elif request.path_url.endswith("/results"):
                self.computed.add((0, request.path_url))
        return answer


def review(world: World, spy: Spy, **options: Any) -> Review:
    rows = [r for r in world.catalogue if world.catalogue.in_minimum(r) and r.method != MANUAL]
    return Review(
        url=world.profile.api_url,
        catalogue=world.catalogue,
        wanted=rows,
        limits=QUICK,
        options=Options(patience=SHORT, **options),
        account=Account(BasicLogin("alice", "alice")),
        transport=spy,
    )


def left(world: World) -> list[Any]:
    """What alice has at the backend."""
    client = world.app.test_client()
    login = client.get("/openeo/1.3/credentials/basic", auth=("alice", "alice"))
    user = {"Authorization": f"Bearer basic//{login.json['access_token']}"}  # type: ignore[index]
    lists = (("/jobs", "jobs"), ("/process_graphs", "processes"), ("/files", "files"))
    return [
        one
        for path, key in lists
        for one in client.get(f"/openeo/1.3{path}", headers=user).json[key]  # type: ignore[index]
    ]


def test_a_review_removes_what_it_made(world: World) -> None:
    spy = Spy(world)
    report = review(world, spy).run()
    assert any(one.endswith("/jobs") for one in spy.posted)
    assert left(world) == []
    assert list(report.left_behind) == []


def test_a_review_that_is_stopped_removes_what_it_made(world: World) -> None:
    spy = Spy(world)

    def stop(_finding: Finding) -> None:
        if any(one.endswith("/jobs") for one in spy.posted):
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        review(world, spy).run(stop)
    assert any(one.endswith("/jobs") for one in spy.posted)
    assert left(world) == []


def test_a_review_that_only_reads_makes_nothing(world: World) -> None:
    spy = Spy(world)
    report = review(world, spy, read_only=True).run()
    made = [one for one in spy.posted if "no-such-thing" not in one]
    # Those who are not logged in are refused, which is what these are sent for.
    assert set(made) <= {
        f"POST /openeo/1.3{path}" for path in ("/jobs", "/result", "/services", "/validation")
    }
    found = {one.id: one for one in report.findings}
    assert found["api-730"].outcome.cause == "read-only"
    assert found["api-710"].verdict == "pass"


def test_what_could_not_be_removed_is_told(world: World) -> None:
    world.breaks("jobs.delete-fails")
    report = review(world, Spy(world)).run()
    world.breaks()
    assert report.left_behind
    assert all(one.startswith("/jobs/") for one in report.left_behind)


def test_jobs_whose_ids_are_not_said_are_found_by_their_titles_and_removed(world: World) -> None:
    before = left(world)
    world.breaks("jobs.no-identifier", "jobs.no-location")
    report = review(world, Spy(world)).run()
    world.breaks()
    assert left(world) == before
    assert list(report.left_behind) == []


def test_jobs_that_nothing_leads_to_are_told_by_their_titles(world: World) -> None:
    before = left(world)
    world.breaks("jobs.no-identifier", "jobs.no-location", "jobs.listed-without-title")
    report = review(world, Spy(world)).run()
    world.breaks()
    made = [one["title"] for one in left(world) if one not in before]
    assert made
    told = {f"/jobs '{title}' (its id was not said)" for title in made}
    assert set(report.left_behind) == told


def test_no_form_of_a_report_shows_a_token_or_a_password(world: World) -> None:
    spy = Spy(world)
    made = review(world, spy)
    report: Report = made.run()
    assert made.account is not None
    token = made.account.token(made.backend)
    for form, render in FORMS.items():
        text = render(report)
        assert token not in text, form
        assert "Bearer basic//eyJ" not in text, form
    assert json.loads(FORMS["json"](report))["login"] == "none"


def test_what_would_be_computed_beyond_that_is_not_started_and_said_to_be_open(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("scripts.self_review.review.most", lambda _rows: (3, 0))
    spy = Spy(world)
    report = review(world, spy).run()
    assert len(spy.computed) == 3, spy.posted
    assert report.answer.status != 0
    (notice,) = [one for one in report.notices if "computations" in one]
    assert notice.startswith("Not asked: the 3 computations of this review are used up; ")


def test_no_more_is_computed_than_was_said(world: World) -> None:
    spy = Spy(world)
    made = review(world, spy)
    made.run()
    results, jobs = most(made.wanted)
    computed = sum(one.endswith("/result") for one in spy.posted)
    started = sum(one.endswith("/results") for one in spy.posted)
    assert computed <= results
    assert started <= jobs == MOST_JOBS
    assert results > RESULTS_BESIDE
