"""Listings of the jobs of all backends, and their pages."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import requests

from tests.fakes.backends import Call, FakeBackend
from tests.web.site import Site, assert_error, backend, conforms, job


def test_jobs_of_all_backends_are_listed_with_federated_ids(site: Site) -> None:
    site.backends["terra"].answers["GET /jobs"] = {"jobs": [job("1")], "links": []}
    site.backends["aurora"].answers["GET /jobs"] = {"jobs": [job("a-2")], "links": []}
    found = conforms("/jobs", site.get("/jobs", headers=site.login()))
    assert [(j["id"], j["federation:backends"]) for j in found["jobs"]] == [
        ("terra-1", ["terra"]),
        ("aurora-a-2", ["aurora"]),
    ]
    assert found["links"] == [] and "federation:missing" not in found


def paging(name: str, count: int) -> FakeBackend:
    """A backend with jobs that it lists in pages of at most three."""

    def listed(call: Call) -> Any:
        query = dict(part.split("=") for part in call.query.split("&") if part)
        start, size = int(query.get("from", 0)), min(int(query.get("limit", 3)), 3)
        jobs = [job(f"j{n}") for n in range(start, min(start + size, count))]
        href = f"http://{name}.test/openeo/jobs?from={start + size}&limit={size}"
        more = [{"rel": "next", "href": href}] if start + size < count else []
        return {"jobs": jobs, "links": more}

    return backend(name, answers={"GET /jobs": listed})


def read_all(site: Site, user: dict[str, str], limit: int, fail: Any = None) -> list[list[str]]:
    pages, path = [], f"/openeo/1.3/jobs?limit={limit}"
    for number in range(50):
        if fail is not None:
            fail(number)
        page = conforms("/jobs", site.client.get(path, headers=user))
        pages.append([j["id"] for j in page["jobs"]])
        following = [link["href"] for link in page["links"] if link["rel"] == "next"]
        if not following:
            return pages
        path = following[0].removeprefix("http://federation.test")
    raise AssertionError("the pages do not end")


@pytest.fixture
def busy(tmp_path: Path) -> Site:
    members = {"terra": paging("terra", 7), "aurora": paging("aurora", 0), "b": paging("b", 5)}
    return Site(members, tmp_path, upstream={"failures_before_offline": 100})


EVERY_JOB = [f"terra-j{n}" for n in range(7)] + [f"b-j{n}" for n in range(5)]


def test_without_a_limit_all_jobs_come_at_once(busy: Site) -> None:
    found = busy.get("/jobs", headers=busy.login()).json
    assert [j["id"] for j in found["jobs"]] == EVERY_JOB


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 5, 7, 11, 12, 100])
def test_pages_are_one_stable_order_without_duplicates_or_gaps(busy: Site, limit: int) -> None:
    pages = read_all(busy, busy.login(), limit)
    assert [identifier for page in pages for identifier in page] == EVERY_JOB
    assert all(len(page) == limit for page in pages[:-1])


@pytest.mark.parametrize("limit", [2, 3, 5])
@pytest.mark.parametrize("page", [0, 1, 2])
def test_a_backend_that_fails_between_pages_costs_neither_duplicates_nor_gaps(
    busy: Site, limit: int, page: int
) -> None:
    def fail(number: int) -> None:
        (busy.go_down if number == page else busy.come_back)("terra")

    pages = read_all(busy, busy.login(), limit, fail)
    seen = [identifier for ids in pages for identifier in ids]
    assert sorted(seen) == sorted(EVERY_JOB)


def test_a_backend_that_stays_away_is_missing_and_the_pages_end(busy: Site) -> None:
    user = busy.login()
    first = busy.get("/jobs?limit=3", headers=user).json
    busy.go_down("terra")
    following = first["links"][0]["href"].removeprefix("http://federation.test")
    seen = [j["id"] for j in first["jobs"]]
    for _ in range(10):
        page = busy.client.get(following, headers=user).json
        assert page is not None
        assert page["federation:missing"] == ["terra"]
        seen += [j["id"] for j in page["jobs"]]
        if not page["links"]:
            break
        following = page["links"][0]["href"].removeprefix("http://federation.test")
    assert seen == ["terra-j0", "terra-j1", "terra-j2", *(f"b-j{n}" for n in range(5))]


def test_jobs_that_are_deleted_between_pages_hide_no_others(tmp_path: Path) -> None:
    alive = [f"j{n}" for n in range(6)]

    def listed(call: Call) -> Any:
        return {"jobs": [job(identifier) for identifier in alive], "links": []}

    members = {"terra": backend("terra", answers={"GET /jobs": listed}), "b": paging("b", 1)}
    site = Site(members, tmp_path)

    def delete(number: int) -> None:
        if number == 1:
            alive.remove("j1")

    pages = read_all(site, site.login(), 2, delete)
    ids = [identifier for page in pages for identifier in page]
    assert ids == [*(f"terra-j{n}" for n in range(6)), "b-j0"]


@pytest.mark.parametrize("cursor", ["x", "e30!", "bnVsbA", "eyJ0ZXJyYSI6IDN9"])
def test_a_cursor_that_was_not_made_here_is_an_error(busy: Site, cursor: str) -> None:
    answer = busy.get(f"/jobs?limit=2&next={cursor}", headers=busy.login())
    assert_error(answer, 400, "RequestInvalid")


def test_what_pauses_says_honestly_why_and_until_when(site: Site) -> None:
    def hangs(call: Call) -> Any:
        raise requests.ReadTimeout

    user = site.login()
    site.backends["terra"].answers["GET /jobs/1"] = hangs
    breaker = site.federation.fleet.breakers["terra"]
    for _ in range(3):
        breaker.reset()  # a probe is answered before each
        assert_error(site.get("/jobs/terra-1", headers=user), 504, "BackendTimeout")
    for other in ("bob", "carol"):  # whom it keeps waiting as well
        breaker.reset()
        site.get("/jobs/terra-1", headers=site.login(other))
    answer = site.get("/jobs/terra-1", headers=user)
    body = assert_error(answer, 503, "BackendPaused")
    assert "has kept requests of this kind waiting in vain" in body["message"]
    assert "cannot be reached" not in body["message"]
    assert body["federation:backends"] == ["terra"]
    assert 1 <= int(answer.headers["Retry-After"]) <= 16


def test_a_listing_whose_pages_lead_in_circles_ends(tmp_path: Path) -> None:
    again = {"rel": "next", "href": "http://terra.test/openeo/jobs?page=1"}
    answers = {"GET /jobs": {"jobs": [job("1")], "links": [again]}}
    site = Site({"terra": backend("terra", answers=answers)}, tmp_path)
    found = site.get("/jobs", headers=site.login()).json
    assert {j["id"] for j in found["jobs"]} == {"terra-1"}


def test_with_every_backend_down_jobs_are_an_empty_listing_that_says_so(busy: Site) -> None:
    user = busy.login()
    busy.go_down("terra", "aurora", "b")
    busy.federation.refresh()
    found = conforms("/jobs", busy.get("/jobs", headers=user))
    assert found == {
        "jobs": [],
        "links": [],
        "federation:missing": ["terra", "aurora", "b"],
    }


def test_the_address_of_a_backend_lists_its_jobs_only(busy: Site) -> None:
    root = "/federation/b/openeo/1.3"
    found = busy.request("GET", "/jobs?limit=2", root=root, headers=busy.login()).json
    assert [j["id"] for j in found["jobs"]] == ["b-j0", "b-j1"]
    assert found["links"][0]["href"].startswith(f"http://federation.test{root}/jobs?limit=2&next=")
    other = busy.request("GET", "/jobs/terra-j1", root=root, headers=busy.login())
    assert_error(other, 404, "JobNotFound")
