"""What comes between backends that read one another's results: waits, failures, strangers."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from scripts.federation.children import wait_until
from tests.fakes.backends import FakeBackend, Reply
from tests.fakes.holdings import (
    COMPUTING,
    ELSEWHERE,
    HOLDINGS,
    WHOLE,
    Computing,
    holdings,
    load_part,
    saved,
)
from tests.fakes.servers import Listening, free_port
from tests.scenarios.several_backends import COVER, OPTICAL, load

pytestmark = COMPUTING


@pytest.fixture(scope="module")
def elsewhere() -> int:
    """The port of a server that is no backend, of which the backends may load."""
    return free_port()


@pytest.fixture(scope="module")
def backends(
    tmp_path_factory: pytest.TempPathFactory, elsewhere: int
) -> Iterator[dict[str, Computing]]:
    ports = {name: free_port() for name in (*HOLDINGS, WHOLE)} | {ELSEWHERE: elsewhere}
    with holdings(tmp_path_factory.mktemp("holdings"), ports) as made:
        yield made


SMALL = {
    **OPTICAL,
    "arguments": {
        **OPTICAL["arguments"],
        "spatial_extent": {"west": 7.0, "south": 51.0, "east": 7.001, "north": 51.001},
    },
}


def failure(backend: Computing, url: str) -> str:
    """The last error in the log of a job that loads from a URL, and could not."""
    job = backend.started({"part": load_part(url), "save": saved("part")})
    assert backend.ended(job) == "error"
    return backend.said(job, "error")[-1]


def test_a_failed_part_is_named_with_its_reason(backends: dict[str, Computing]) -> None:
    boreal = backends["boreal"]
    # Boreal computes one job at a time, so that the other one is still to come.
    boreal.started({"load": COVER, "save": saved("load")})
    job = boreal.started(
        {
            "load": load("BOREAL_TEMPERATURE_DAILY", period=["1950-01-01", "1951-01-01"]),
            "save": saved("load"),
        }
    )
    link = boreal.link(job, "?partial=true")
    assert boreal.ended(job) == "error"
    said = failure(backends["aurora"], link)
    assert "cannot be loaded: it answers with status 424 (NoDataAvailable: " in said
    assert link.rpartition("/")[2].partition("?")[0] not in said


def test_results_that_have_expired_are_named_as_such(backends: dict[str, Computing]) -> None:
    terra = backends["terra"]
    job = terra.finished({"load": SMALL, "save": saved("load")})
    old = terra.link(job)
    start = terra.ask("POST", f"/jobs/{job}/results")
    assert start.status_code == 202
    assert terra.ended(job) == "finished"
    assert "(ResultLinkExpired: The job was run again." in failure(backends["aurora"], old)
    fresh = {"part": load_part(terra.link(job)), "save": saved("part")}
    assert backends["aurora"].finished(fresh)


def test_a_link_from_before_the_end_is_waited_for(backends: dict[str, Computing]) -> None:
    terra, aurora = backends["terra"], backends["aurora"]
    ahead = terra.started({"load": OPTICAL, "save": saved("load")})
    job = terra.started({"load": SMALL, "save": saved("load")})
    link = terra.link(job, "?partial=true")
    loading = aurora.started({"part": load_part(link), "save": saved("part")})
    assert aurora.ended(loading) == "finished"
    assert terra.ended(ahead) == "finished"


def test_a_member_that_is_away_for_a_moment_is_waited_for(backends: dict[str, Computing]) -> None:
    terra, aurora = backends["terra"], backends["aurora"]
    job = terra.finished({"load": SMALL, "save": saved("load")})
    link = terra.link(job)
    terra.go()
    loading = aurora.started({"part": load_part(link), "save": saved("part")})
    try:
        wait_until(
            lambda: any("It is tried again" in line for line in aurora.said(loading)), seconds=20
        )
    finally:
        terra.come()
    assert aurora.ended(loading) == "finished", aurora.said(loading)


def endless() -> Iterator[bytes]:
    while True:
        yield bytes(2**20)


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        (Reply(500, body=[b"<html>Oops</html>"]), "it answers with status 500."),
        (Reply(200, body=[b"<html>Welcome</html>"]), "leads to no usable STAC"),
        (Reply(200, body=[b'{"type": "Collection"}']), "leads to STAC that is not valid"),
        (Reply(200, body=endless()), "FileSizeExceeded|is larger than"),
        (Reply(302, headers={"Location": "http://169.254.169.254/"}), "lies in a private network"),
    ],
    ids=["error", "HTML", "half", "endless", "moved"],
)
def test_what_is_no_result_ends_the_job_with_what_it_is(
    backends: dict[str, Computing], elsewhere: int, answer: Reply, said: str
) -> None:
    app = FakeBackend({"GET /results": answer})
    server = Listening(app, elsewhere)
    try:
        assert re.search(said, failure(backends["boreal"], f"http://127.0.0.1:{elsewhere}/results"))
    finally:
        server.close()


def test_only_the_places_that_are_configured_may_lie_on_this_machine(
    backends: dict[str, Computing],
) -> None:
    port = free_port()
    said = failure(backends["aurora"], f"http://127.0.0.1:{port}/results")
    assert f"'http://127.0.0.1:{port}/results' cannot be loaded" in said
    assert "the host '127.0.0.1' lies in a private network" in said
