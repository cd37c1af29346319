"""The joined results of tiles have a signed link, which anybody can read for a time."""

from __future__ import annotations

from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode, urlsplit

import pytest

from tests.fakes.batch import refusal
from tests.web.federated.site import WHOLE, Trio
from tests.web.federated.test_tiles import AREA, SAME, TILES, over
from tests.web.site import assert_error, conforms

BODY = {"process": over(AREA), "title": "Tyrol", "federation:tiles": TILES}
FILES = [f"tile{number}_out.nc" for number in range(1, 5)]
DAY = 86_400


@pytest.fixture
def pair(tmp_path: Path) -> Trio:
    return Trio(tmp_path, collections=SAME)


def done(trio: Trio, user: dict[str, str]) -> str:
    job = trio.running(user, **BODY)
    trio.drive(job)
    return job


def results(trio: Trio, job: str, user: dict[str, str], query: str = "") -> Any:
    return conforms(
        "/jobs/{job_id}/results", trio.site.get(f"/jobs/{job}/results{query}", headers=user)
    )


def links(document: Any, relation: str) -> list[str]:
    return [link["href"] for link in document["links"] if link["rel"] == relation]


def shared(trio: Trio, job: str, user: dict[str, str]) -> str:
    """The signed link, without what stands before the path below the API."""
    (href,) = links(results(trio, job, user), "canonical")
    base = "http://federation.test/openeo/1.3"
    assert href.startswith(f"{base}/jobs/{job}/results?")
    return str(href.removeprefix(base))


def changed(link: str, **values: str) -> str:
    path, _, query = link.partition("?")
    return f"{path}?{urlencode(dict(parse_qsl(query)) | values)}"


def test_who_has_the_link_reads_the_results_without_a_login_and_no_backend_is_asked(
    pair: Trio,
) -> None:
    user = pair.site.login()
    job = done(pair, user)
    own = results(pair, job, user)
    link = shared(pair, job, user)
    before = [len(member.calls) for member in pair.site.backends.values()]
    found = conforms("/jobs/{job_id}/results", pair.site.get(link))
    assert list(found["assets"]) == FILES
    assert {key: found[key] for key in found if key != "links"} == {
        key: own[key] for key in own if key != "links"
    }
    assert links(found, "self") == links(found, "canonical") == links(own, "canonical")
    assert links(found, "child") == links(own, "child")
    assert [len(member.calls) for member in pair.site.backends.values()] == before


def test_a_link_is_good_for_a_week_and_the_results_say_until_when(pair: Trio) -> None:
    user = pair.site.login()
    job = done(pair, user)
    link = shared(pair, job, user)
    expires = int(dict(parse_qsl(urlsplit(link).query))["expires"])
    assert expires == int(pair.clock()) + 7 * DAY
    assert results(pair, job, user)["expires"].endswith("Z")
    pair.clock.advance(7 * DAY - 1)
    assert pair.site.get(link).status_code == 200
    pair.clock.advance(1)
    assert_error(pair.site.get(link), 410, "ResultLinkExpired")


def test_a_link_is_not_good_for_longer_than_the_files_that_it_leads_to(pair: Trio) -> None:
    user = pair.site.login()
    job = done(pair, user)
    pair.batches["aurora"].stated = {"expires": "2023-11-16T22:13:20Z"}
    pair.batches["terra"].stated = {"expires": "2023-11-18T22:13:20Z"}
    found = results(pair, job, user)
    assert found["expires"] == "2023-11-16T22:13:20Z"
    (link,) = links(found, "canonical")
    assert dict(parse_qsl(urlsplit(link).query))["expires"] == "1700172800"


@pytest.mark.parametrize(
    ("values", "status", "code"),
    [
        ({"signature": "0" * 64}, 403, "TokenInvalid"),
        ({"signature": "\u00e4"}, 403, "TokenInvalid"),
        ({"expires": "99999999999"}, 403, "TokenInvalid"),
        ({"expires": "soon"}, 403, "TokenInvalid"),
        ({"run": "2"}, 403, "TokenInvalid"),
        ({"run": "9" * 5000}, 403, "TokenInvalid"),
    ],
)
def test_a_link_that_was_changed_is_good_for_nothing(
    pair: Trio, values: dict[str, str], status: int, code: str
) -> None:
    user = pair.site.login()
    link = shared(pair, done(pair, user), user)
    assert_error(pair.site.get(changed(link, **values)), status, code)


def test_the_link_of_one_job_does_not_open_another(pair: Trio) -> None:
    user = pair.site.login()
    one, other = done(pair, user), done(pair, user)
    results(pair, other, user)
    link = shared(pair, one, user).replace(one, other)
    assert_error(pair.site.get(link), 403, "TokenInvalid")


def test_a_link_ends_when_the_job_is_run_again_and_when_it_is_deleted(pair: Trio) -> None:
    user = pair.site.login()
    job = done(pair, user)
    first = shared(pair, job, user)
    assert pair.start(job, user).status_code == 202
    error = assert_error(pair.site.get(first), 410, "ResultLinkExpired")
    assert error["message"] == "The job was run again. Ask for its results again."
    pair.drive(job)
    assert_error(pair.site.get(first), 410, "ResultLinkExpired")
    second = shared(pair, job, user)
    assert pair.site.get(second).status_code == 200
    pair.site.request("DELETE", f"/jobs/{job}", headers=user)
    assert_error(pair.site.get(second), 404, "JobNotFound")
    pair.drive(job)
    assert_error(pair.site.get(second), 404, "JobNotFound")


def test_there_is_no_link_to_results_of_which_something_is_missing(pair: Trio) -> None:
    user = pair.site.login()
    job = done(pair, user)
    link = shared(pair, job, user)
    pair.batches["aurora"].refuses["results"] = refusal(503, "InfrastructureBusy")
    found = results(pair, job, user)
    assert found["federation:missing"] == ["aurora"]
    assert links(found, "canonical") == []
    assert list(pair.site.get(link).json["assets"]) == FILES  # as they were


def test_there_is_no_link_to_partial_results_before_all_is_there(pair: Trio) -> None:
    user = pair.site.login()
    pair.batches["aurora"].looks = 50
    job = pair.running(user, **BODY)
    pair.step(12)
    assert links(results(pair, job, user, "?partial=true"), "canonical") == []
    pair.batches["aurora"].looks = 1
    pair.drive(job)
    found = results(pair, job, user, "?partial=true")
    assert found["openeo:status"] == "finished"
    assert len(links(found, "canonical")) == 1


def test_an_address_without_a_signature_still_needs_a_login(pair: Trio) -> None:
    job = done(pair, pair.site.login())
    for query in ("", "?run=1&expires=99999999999"):
        answer = pair.site.get(f"/jobs/{job}/results{query}")
        assert_error(answer, 401, "AuthenticationRequired")


def test_a_job_whose_results_are_those_of_one_part_has_the_link_of_that_part(
    tmp_path: Path,
) -> None:
    trio = Trio(tmp_path)
    user = trio.site.login()
    job = trio.running(user, process=WHOLE)
    trio.drive(job)
    assert links(results(trio, job, user), "canonical") == [
        "http://terra.test/openeo/jobs/t1/results?expires=9&signature=s-t1"
    ]
