"""The command line: what it takes, what it refuses, and its exit statuses."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml
from click.testing import CliRunner, Result

from scripts.self_review import statements
from scripts.self_review.catalogue import load
from scripts.self_review.findings import Cause, could_not_tell, failed, passed
from scripts.self_review.main import main
from scripts.self_review.registry import CHECKS, load_checks
from scripts.self_review.session import prepared
from tests.fakes.backends import RawServer, json_says

ROOT = Path(__file__).resolve().parents[3]


def run(*arguments: str) -> Result:
    return CliRunner().invoke(main, list(arguments))


@pytest.fixture
def answering(monkeypatch: pytest.MonkeyPatch) -> Any:
    """Makes the check of api-43 say this."""

    def say(outcome: object) -> None:
        load_checks()
        monkeypatch.setitem(CHECKS, "api-43", lambda _backend, _row: outcome)

    return say


@pytest.fixture
def good(monkeypatch: pytest.MonkeyPatch) -> None:
    """Makes every check say that it is good."""
    load_checks()
    for row in load():
        monkeypatch.setitem(CHECKS, row.id, lambda _backend, _row: passed("Good."))


@pytest.mark.usefixtures("good")
@pytest.mark.parametrize(
    ("outcome", "status", "line"),
    [
        (passed("Good."), 0, "meets the federation minimum: yes; "),
        (failed("Bad."), 1, "meets the federation minimum: no, 2 required requirements fail; "),
        (
            could_not_tell("Gone.", Cause.UNREACHABLE),
            2,
            "meets the federation minimum: could not be judged; 2 could not be told; ",
        ),
    ],
)
def test_the_exit_status_says_whether_the_minimum_is_met(
    answering: Any, outcome: object, status: int, line: str, tmp_path: Path
) -> None:
    answering(outcome)  # of api-43; profile-api follows from it
    report = tmp_path / "report.json"
    with RawServer(json_says(b"{}")) as server:
        options = ("--profile", "minimum", "--format", "json", "--output", str(report))
        result = run(server.url, *options)
    assert result.exit_code == status
    assert result.output.strip().startswith(line)
    assert json.loads(report.read_text())["status"] == status


@pytest.mark.usefixtures("good")
@pytest.mark.parametrize("part", [("--only", "api-43"), ("--skip", "api-1"), ("--anonymous",)])
def test_a_part_of_the_minimum_that_holds_is_not_said_to_meet_it(part: tuple[str, ...]) -> None:
    with RawServer(json_says(b"{}")) as server:
        result = run(server.url, *part)
    assert result.exit_code == 2
    last = result.output[result.output.rindex("meets the federation minimum") :]
    assert last.startswith("meets the federation minimum: could not be judged; ")
    assert "not looked at" in last


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["http://x.test", "--only", "api-9999"], "No requirement is called 'api-9999'"),
        (["http://x.test", "--profile", "gold"], "There is no profile 'gold'; there are minimum"),
        (["http://x.test", "--waive", "api-1"], "'api-1' must be ID=REASON"),
        (["http://x.test", "--waive", "api-0=No."], "there is no requirement 'api-0'"),
        (["http://x.test", "--basic", "alice"], "--basic must be USER:PASSWORD"),
        (["http://u:p@x.test"], "it must not hold a password"),
        (["ftp://x.test"], "it must be a web address"),
        (["http://x.test", "--oidc-secret", "s"], "--oidc-secret needs --oidc-client"),
        (["http://x.test", "--basic", "a:b", "--oidc-device"], "Log in in one way"),
        (["http://x.test", "--basic", "a:b"], "Say --yes to this, or --read-only"),
        ([], "Usage"),
    ],
)
def test_wrong_usage_is_told_in_a_sentence_with_status_2(arguments: list[str], said: str) -> None:
    result = run(*arguments)
    assert result.exit_code == 2
    assert said in result.output
    assert "Traceback" not in result.output


def test_before_anything_is_made_it_says_what_that_costs_at_most() -> None:
    result = run("http://x.test", "--basic", "a:b")
    text = " ".join(result.output.split())
    assert "computes at most" in text
    assert "removed at the end" in text


def test_the_template_asks_for_every_statement_of_the_minimum_and_can_be_read_back(
    tmp_path: Path,
) -> None:
    result = run("template")
    asked = yaml.safe_load(result.output)
    catalogue = load()
    manual = [r.id for r in catalogue if r.method == "manual" and catalogue.in_minimum(r)]
    assert list(asked) == manual
    assert all(one == {"holds": False, "statement": ""} for one in asked.values())
    file = tmp_path / "statements.yaml"
    file.write_text(result.output)
    assert statements.read(file, catalogue) == {}


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("api-14: yes", "api-14 must have `holds: true` or `holds: false`"),
        ("api-14: {holds: true}", "api-14 holds, but its `statement` says nothing"),
        ("api-0: {holds: true}", "there is no requirement 'api-0'"),
        ("- api-14", "must be a mapping"),
        ("{", "cannot be read"),
    ],
)
def test_a_wrong_questionnaire_says_where(text: str, said: str, tmp_path: Path) -> None:
    file = tmp_path / "statements.yaml"
    file.write_text(text)
    result = run("http://x.test", "--attest", str(file))
    assert result.exit_code == 2
    assert said in " ".join(result.output.split())


def test_an_earlier_report_shows_what_changed(answering: Any, tmp_path: Path) -> None:
    first, second = tmp_path / "first.json", tmp_path / "second.json"
    with RawServer(json_says(b"{}")) as server:
        options = ("--only", "api-43", "--format", "json", "--output")
        answering(failed("Bad."))
        run(server.url, *options, str(first))
        answering(passed("Good."))
        run(server.url, *options, str(second), "--compare", str(first))
    changes = json.loads(second.read_text())["changes"]
    assert changes == [{"id": "api-43", "before": "fail", "now": "pass", "says": "Good."}]


def test_something_else_than_a_report_is_refused_for_comparison(tmp_path: Path) -> None:
    file = tmp_path / "other.json"
    file.write_text('{"format": "9.0.0", "findings": []}')
    result = run("http://x.test", "--compare", str(file))
    assert result.exit_code == 2
    assert "has format 9.0.0; 1.x is read" in " ".join(result.output.split())


def test_the_file_in_scripts_is_the_same_program() -> None:
    done = subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "self_review.py"), "--help"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd="/",
    )
    assert done.returncode == 0, done.stderr
    assert "openeo-self-review URL" in done.stdout


def test_it_starts_without_the_client_and_without_what_reads_files() -> None:
    heavy = "openeo numpy rasterio h5py xarray aggregator backends"
    code = (
        "import sys; from scripts.self_review import session, registry; registry.load_checks(); "
        f"print([m for m in {heavy.split()} if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
        cwd=ROOT,
    )
    assert done.stdout.strip() == "[]", done.stderr


@pytest.mark.parametrize(
    ("arguments", "most"),
    [
        ([], 400),
        (["--basic", "alice:alice"], 800),
        (["--oidc-device"], 800),
        (["--basic", "alice:alice", "--max-requests", "5"], 5),
    ],
)
def test_a_review_with_a_login_may_ask_more(arguments: list[str], most: int) -> None:
    given = main.commands["review"].make_context("review", ["http://x.test", *arguments])
    assert prepared(given.params).limits.requests == most
