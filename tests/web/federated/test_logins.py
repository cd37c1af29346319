"""What a user lends a federated job: credentials for the backends of its plan, while it runs."""

from __future__ import annotations

import logging
from pathlib import Path
from typing import Any

import pytest

from tests.fakes.backends import Reply
from tests.fakes.batch import refusal
from tests.fakes.issuers import NOW, Issuer
from tests.web.federated.site import WHOLE, Trio
from tests.web.site import ENDPOINTS, assert_error
from tests.web.test_tokens import bearer, provider


def kept(directory: Path) -> bytes:
    """All that is on disk."""
    return b"".join(file.read_bytes() for file in directory.rglob("*") if file.is_file())


def sealed(trio: Trio, job: str) -> str | None:
    found = trio.store.get(job)
    assert found is not None
    return found.sealed


def test_each_backend_gets_only_its_own_credentials_of_the_owner(trio: Trio) -> None:
    trio.drive(trio.running(trio.site.login()))
    for name, batch in trio.batches.items():
        assert {job.owner for job in batch.made} == {f"Bearer basic//alice-at-{name}"}


def test_tokens_are_sealed_while_the_job_runs_and_wiped_when_it_ends(
    trio: Trio, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    user = trio.site.login()
    token = user["Authorization"].rpartition("/")[2]
    for batch in trio.batches.values():
        batch.refuses["create"] = refusal(503, "InfrastructureBusy", f"Busy: {token}")
    job = trio.running(user)
    trio.step(3)
    assert sealed(trio, job) is not None
    for secret in (token, "alice-at-terra", "alice-at-aurora", "alice-at-borea"):
        assert secret.encode() not in kept(trio.directory)
        assert secret not in caplog.text
        assert not any(secret in line for line in trio.log(job, user))
    for batch in trio.batches.values():
        batch.refuses.clear()
    trio.drive(job, seconds=40)
    assert sealed(trio, job) is None


def test_what_is_sealed_is_no_token(trio: Trio) -> None:
    job = trio.running(trio.site.login())
    for form in ("basic//", ""):
        stolen = {"Authorization": f"Bearer {form}{sealed(trio, job)}"}
        assert_error(trio.site.get("/jobs", headers=stolen), 403, "TokenInvalid")


@pytest.mark.parametrize(
    ("asked", "path"), [("look", "/jobs"), ("create", "/jobs/JOB"), ("start", "/jobs/JOB/logs")]
)
def test_a_login_that_has_expired_is_waited_for_until_the_user_comes_again(
    trio: Trio, asked: str, path: str
) -> None:
    user = trio.site.login()
    trio.batches["borea"].refuses[asked] = refusal(403, "TokenInvalid", "Expired.")
    job = trio.running(user)
    trio.step(20, seconds=30)
    assert trio.stages(job)["part1"] == "finished"
    assert trio.store.due(int(trio.clock() * 1000)) == []
    found = trio.store.get(job)
    assert found is not None
    assert [part.trouble for part in found.state.parts] == ["", "login", ""]
    assert trio.log(job, user, "?level=warning") == [
        "part2 at borea: waits, since your login there has expired; it goes on when you next ask "
        "for the job."
    ]
    trio.batches["borea"].refuses.clear()
    assert trio.site.get(path.replace("JOB", job), headers=user).status_code == 200
    state = trio.drive(job, seconds=30)
    assert state is not None
    assert state.status == "finished"


def test_a_login_that_is_still_refused_is_told_of_once(trio: Trio) -> None:
    user = trio.site.login()
    trio.batches["borea"].refuses["look"] = refusal(403, "TokenInvalid", "Expired.")
    job = trio.running(user)
    for _ in range(6):
        trio.step(3)
        found = trio.read(job, user)
    assert len(trio.log(job, user, "?level=warning")) == 1
    assert [part.get("waits_for") for part in found["federation:parts"]] == [None, "login", None]


def test_somebody_elses_login_is_of_no_use(trio: Trio) -> None:
    user = trio.site.login()
    trio.batches["borea"].refuses["look"] = refusal(403, "TokenInvalid", "Expired.")
    job = trio.running(user)
    trio.step(20, seconds=30)
    before = sealed(trio, job)
    trio.site.get("/jobs", headers=trio.site.login("bob"))
    assert sealed(trio, job) == before


def test_credentials_last_no_longer_than_a_login(tmp_path: Path) -> None:
    trio = Trio(tmp_path, token_lifetime=100.0)
    for batch in trio.batches.values():
        batch.looks = 50
    job = trio.running(trio.site.login())
    trio.step(5)
    trio.clock.advance(200)
    asked = len(trio.site.adapter.asked)
    trio.step(3)
    assert len(trio.site.adapter.asked) == asked
    assert "LoginExpired" in str([line.code for _, line in lines(trio, job)])
    trio.site.get("/jobs", headers=trio.site.login())
    for batch in trio.batches.values():
        batch.looks = 1
    state = trio.drive(job)
    assert state is not None
    assert state.status == "finished"


def lines(trio: Trio, job: str) -> list[Any]:
    return list(trio.store.lines(job, after=0, limit=None, levels=("info", "warning", "error")))


def test_nobody_is_waited_for_for_ever(tmp_path: Path) -> None:
    trio = Trio(tmp_path, splitting={"patience": 3600.0})
    user = trio.site.login()
    trio.batches["borea"].refuses["look"] = refusal(403, "TokenInvalid", "Expired.")
    job = trio.running(user)
    trio.step(10)
    trio.clock.advance(3600)
    trio.drive(job)
    assert trio.read(job, user)["federation:problem"]["message"] == (
        "part2 at borea: nobody logged in again for too long."
    )


def test_a_backend_that_is_away_is_waited_for(tmp_path: Path) -> None:
    trio = Trio(tmp_path, upstream={"failures_before_offline": 1000})
    user = trio.site.login()
    trio.batches["borea"].looks = 5
    job = trio.running(user)
    trio.step(4)
    trio.site.go_down("borea")
    trio.step(30, seconds=20)
    assert trio.read(job, user)["status"] == "running"
    trio.site.come_back("borea")
    trio.drive(job, seconds=20)
    assert trio.read(job, user)["status"] == "finished"
    said = [line for line in trio.log(job, user) if line.startswith("part2 at borea:")]
    assert len([line for line in said if "waits for its backend" in line]) == 1
    assert "part2 at borea: goes on." in said
    assert trio.starts() == {"aurora": [1], "borea": [1], "terra": [1]}


def test_a_backend_that_is_away_for_too_long_fails_the_job(tmp_path: Path) -> None:
    trio = Trio(tmp_path, splitting={"patience": 600.0})
    user = trio.site.login()
    job = trio.running(user)
    trio.site.go_down("borea")
    trio.drive(job, seconds=60)
    problem = trio.read(job, user)["federation:problem"]
    assert problem["message"] == "part2 at borea: its backend was away for too long."
    assert problem["code"] == "BackendUnavailable"


def test_a_user_of_an_issuer_lends_the_token_in_the_form_that_each_backend_knows(
    tmp_path: Path,
) -> None:
    issuer = Issuer()
    listed = ENDPOINTS | {"/credentials/oidc": ["GET"]}
    endpoints = [{"path": path, "methods": methods} for path, methods in listed.items()]
    trio = Trio(tmp_path, said={"endpoints": endpoints}, issuer=issuer)
    for number, member in enumerate(trio.site.backends.values()):
        known = provider(f"p{number}", issuer.url)
        member.answers["GET /credentials/oidc"] = {"providers": [known]}
    trio.site.federation.refresh()
    trio.clock.now = NOW
    for batch in trio.batches.values():
        batch.user_of = lambda _: "alice"
    token = issuer.token(exp=NOW + 30)
    job = trio.running(bearer(token, "p0"))
    trio.batches["borea"].looks = 100
    trio.step(4)
    assert token.encode() not in kept(tmp_path)
    assert [j.tokens for j in trio.batches["aurora"].made] == [[f"Bearer oidc/p1/{token}"]]
    trio.clock.advance(60)
    asked = len(trio.site.adapter.asked)
    trio.step(2)
    assert len(trio.site.adapter.asked) == asked, "an expired token was sent"
    fresh = issuer.token(exp=NOW + 3600, jti="another")
    assert trio.site.get(f"/jobs/{job}", headers=bearer(fresh, "p0")).status_code == 200
    trio.batches["borea"].looks = 1
    trio.drive(job)
    assert trio.site.get(f"/jobs/{job}", headers=bearer(fresh, "p0")).json["status"] == "finished"
    assert [j.tokens for j in trio.batches["terra"].made] == [[f"Bearer oidc/p0/{fresh}"]]
    assert_error(trio.site.get(f"/jobs/{job}", headers=trio.site.login()), 404, "JobNotFound")


def test_a_user_who_is_not_known_at_a_backend_of_the_plan_is_told_so(trio: Trio) -> None:
    trio.site.backends["borea"].answers["GET /credentials/basic"] = Reply(
        403, {"id": "1", "code": "CredentialsInvalid", "message": "No."}
    )
    answer = trio.site.post("/jobs", {"process": WHOLE}, headers=trio.site.login())
    error = assert_error(answer, 403, "PermissionsInsufficient")
    assert "borea" in error["message"]
