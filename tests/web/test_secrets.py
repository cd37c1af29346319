"""No token, secret or personal data in logs, errors or on disk, whatever goes wrong and wherever.

The program runs with everything logged that any library logs; what it says is read in the end.
"""

from __future__ import annotations

import re
import socket
import sqlite3
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
import requests
import yaml

from aggregator.app import create_app
from aggregator.settings import load
from tests.fakes.backends import Call, FakeBackend, Reply
from tests.fakes.issuers import Issuer, rsa_key, signed
from tests.fakes.servers import Listening, free_port
from tests.unit.ledger.documents import AURORA, TERRA
from tests.web.site import basic, graph
from tests.web.test_served import Served, listening
from tests.web.test_tokens import bearer, member, provider

USER, PASSWORD = "alwina.login", "correct-horse-battery"
NAME, MAIL, SUBJECT = "Alwina Geheimrat", "alwina@private.example", "u-4711-subject"
OPAQUE = "opaque0123456789secret"
FAR = 4_000_000_000


def echo_error(call: Call) -> Reply:
    """A backend that repeats what it was sent, as careless ones do."""
    said = f"{call.authorization} of {NAME} was refused, see {call.path}?{call.query}"
    return Reply(403, {"id": "r", "code": "TokenInvalid", "message": said})


def echo_page(call: Call) -> Reply:
    body = f"<html>Traceback: Authorization: {call.authorization} {call.query}".encode()
    return Reply(500, headers={"Content-Type": "text/html"}, body=[body])


def login(call: Call) -> Any:
    """Lets the one user in."""
    if call.authorization != basic(USER, PASSWORD)["Authorization"]:
        said = f"{call.authorization} is wrong."
        return Reply(403, {"id": "x", "code": "CredentialsInvalid", "message": said})
    return {"access_token": "token-of-a-backend"}


def careless(name: str, issuer: str) -> FakeBackend:
    """A backend that knows the issuer and fails in telling ways."""
    found = member(name, provider("egi", issuer))
    found.answers |= {
        "GET /jobs/refused": echo_error,
        "GET /jobs/broken": echo_page,
        "GET /jobs/refused/logs": echo_error,
        "GET /jobs/fine/logs": {"logs": [], "links": []},
        "POST /jobs": echo_error,
        "POST /result": echo_page,
        "GET /credentials/basic": login,
        "GET /me": {"user_id": "a", "name": NAME, "email": MAIL, "links": []},
    }
    return found


class Seen:
    """What was said to users: each answer's head and body."""

    def __init__(self, url: str) -> None:
        self.url, self.answers = url, list[str]()
        self.session = requests.Session()
        self.session.trust_env = False

    def ask(self, method: str, path: str, keep: bool = True, **options: Any) -> requests.Response:
        answer = self.session.request(
            method, self.url + path, timeout=20, allow_redirects=False, **options
        )
        assert answer.status_code != 500, f"{method} {path[:80]}: {answer.text}"
        if keep:
            self.answers.append(f"{answer.headers}\n{answer.text}")
        return answer


@pytest.fixture(scope="module")
def issuer() -> Iterator[Issuer]:
    """An issuer on a port of its own."""
    port = free_port()
    found = Issuer(f"http://127.0.0.1:{port}")
    server = Listening(found.app, port)
    yield found
    server.close()


def tokens_of(issuer: Issuer) -> dict[str, str]:
    """Tokens of every kind; only the first is good."""
    said = {"name": NAME, "email": MAIL, "sub": SUBJECT, "exp": FAR}
    good = issuer.token(**said)
    header, claims, _ = good.split(".")
    return {
        "good": good,
        "expired": issuer.token(**said | {"exp": 1000}),
        "of another": issuer.token(**said, iss="https://evil.test/realm"),
        "forged": signed({**said, "iss": issuer.url}, rsa_key(7), kid="unknown"),
        "unsigned": f"eyJhbGciOiJub25lIn0.{claims}.",
        "cut": f"{header}.{claims}",
        "opaque": OPAQUE,
    }


def knock(seen: Seen, token: str) -> None:
    """Put a token everywhere it may be, and where it should not."""
    headers = [f"Bearer {token}", f"Bearer oidc/egi/{token}", f"Bearer basic//{token}"]
    headers += [f"Bearer oidc/nobody/{token}", f"bearer  {token} ", f"Basic {token}", f"X {token}"]
    for header in headers:
        sent = {"Authorization": header}
        for path in ("/jobs", "/jobs/terra-refused", "/jobs/terra-broken", "/jobs/terra-fine/logs"):
            seen.ask("GET", path, headers=sent)
        seen.ask("GET", "/credentials/basic", headers=sent)
        for path in ("/jobs", "/result", "/validation"):
            seen.ask("POST", path, headers=sent, json={"process": graph(), **graph()})
        seen.ask("PUT", "/federation/terms/consent", headers=sent, json={"version": token})
    user = {"Authorization": f"Bearer {token}"}
    hidden = quote(f"oidc/egi/{token}" if token == OPAQUE else token, safe="")
    for path in (
        f"/{hidden}",
        f"/jobs/{hidden}",
        f"/jobs/terra-{hidden}/logs",
        f"/collections/{hidden}",
        f"/federation/{hidden}/openeo/1.3/jobs",
        f"/openeo/{hidden}/",
        f"/jobs/terra-fine/logs?token={hidden}",
        f"/jobs/terra-refused/logs?access_token={hidden}",
        f"/jobs?limit={hidden}",
        f"/jobs?next={hidden}",
        f"/federation/terms?ticket={hidden}&f=json",
    ):
        seen.ask("GET", path, headers=user)
    misplaced = graph(collection_id=hidden, process_id=hidden)
    for body in ({"process": misplaced, **misplaced}, {"process": hidden}, {hidden: hidden}):
        for path in ("/jobs", "/result"):
            seen.ask("POST", path, headers=user, json=body)
    seen.ask("POST", "/jobs", headers=user, data=token, keep=False)
    seen.ask("POST", "/federation/terms", data={"ticket": hidden, "decision": hidden}, keep=False)


def knock_everywhere(seen: Seen, token: str, routes: list[tuple[str, str]]) -> None:
    """Put a token into every variable of every address, with queries and bodies beside."""
    hidden = quote(token, safe="")
    for method, rule in routes:
        path = re.sub(r"<[^>]*>", hidden, rule)
        query = dict.fromkeys(("token", "limit", "next", "month", "group", "since"), token)
        body = {"process_graph": {"a": {"process_id": token}}, "message": token, "backend": token}
        json = body if method in ("POST", "PUT", "PATCH") else None
        seen.ask(method, path, headers=bearer(token), params=query, json=json)
        if token != OPAQUE:  # which alone is a word like others
            seen.ask(method, path, params=query, json=json)


def routes_of(settings: Path, directory: Path) -> list[tuple[str, str]]:
    """Method and rule of everything that a federation with these settings answers."""
    found = replace(load(settings), data_directory=directory)
    rules = create_app(found).url_map.iter_rules()
    return [
        (method, rule.rule)
        for rule in rules
        for method in sorted((rule.methods or set()) - {"OPTIONS", "HEAD"})
    ]


def malformed(url: str, token: str) -> list[str]:
    """What is no HTTP, with a token in it."""
    host = urlsplit(url)
    answers = []
    for line in (f"Authorization: Bearer {token}\x00", f"Authorization Bearer {token}"):
        with socket.create_connection((str(host.hostname), host.port or 80), timeout=10) as peer:
            peer.sendall(f"GET / HTTP/1.1\r\nHost: x\r\n{line}\r\n\r\n".encode())
            answers.append(peer.recv(65536).decode())
    return answers


def prices(directory: Path) -> Path:
    """A directory with the rates of the members that have some."""
    found = directory / "pricing"
    found.mkdir()
    for document in (TERRA, AURORA):
        (found / f"{document['provider']}.yaml").write_text(yaml.safe_dump(document))
    return found


def files_below(directory: Path) -> str:
    """All that is on disk, with the rows of the database."""
    found = [path.read_bytes().decode("latin-1") for path in directory.rglob("*") if path.is_file()]
    database = sqlite3.connect(directory / "federation.sqlite")
    found += list(database.iterdump())
    database.close()
    return "\n".join(found)


def test_nothing_secret_or_personal_is_told(issuer: Issuer, tmp_path: Path) -> None:
    tokens = tokens_of(issuer)
    with ExitStack() as stack:
        apps = {name: careless(name, issuer.url) for name in ("terra", "aurora")}
        urls = {name: stack.enter_context(listening(app)) for name, app in apps.items()}
        urls["gone"] = "http://127.0.0.1:9/openeo"
        terms = {"version": "1", "text": "Be kind."}
        file = tmp_path / "log"
        counted = {"accounting": {"pricing": str(prices(tmp_path))}, "log_level": "debug"}
        served = Served(urls, tmp_path, file, workers=1, terms=terms, **counted)
        stack.callback(served.process.wait, 30)
        stack.callback(served.process.terminate)
        served.wait()
        seen = Seen(served.url)
        sealed = seen.ask("GET", "/credentials/basic", keep=False, headers=basic(USER, PASSWORD))
        tokens["sealed"] = sealed.json()["access_token"]
        seen.ask("GET", "/credentials/basic", headers=basic(USER, f"{PASSWORD}-wrong"))
        seen.ask("GET", "/credentials/basic", headers=basic(MAIL, PASSWORD))
        knock(seen, tokens["good"])
        for kind in ("good", "sealed"):
            user = {"Authorization": f"Bearer {tokens[kind]}"}
            refused = seen.ask("GET", "/jobs", keep=False, headers=user).json()
            assert refused["code"] == "ConsentRequired"
            tokens[f"ticket of {kind}"] = refused["url"].partition("ticket=")[2]
            form = {"ticket": tokens[f"ticket of {kind}"], "version": "1", "decision": "agree"}
            assert seen.ask("POST", "/federation/terms", keep=False, data=form).status_code == 303
            assert seen.ask("GET", "/me", keep=False, headers=user).json()["federation:users"]
        routes = routes_of(tmp_path / "federation.yaml", tmp_path / "routes")
        for token in tokens.values():
            knock(seen, token)
        for kind in ("good", "sealed", "forged", "opaque"):
            knock_everywhere(seen, tokens[kind], routes)
        seen.answers += malformed(served.url, tokens["good"])
        seen.ask("GET", f"/users/{MAIL}", keep=False)
        for path in ("/health", "/federation/notes", "/metrics", "/federation", "/"):
            seen.ask("GET", path, headers={"Authorization": f"Bearer {tokens['good']}"})
    assert served.process.returncode == 0
    log = file.read_text()
    assert "Logging error" not in log
    assert "DEBUG urllib3" in log and "/jobs/terra-fine/logs" in log, "all was logged"
    secrets = {**tokens, "password": PASSWORD, "of a backend": "token-of-a-backend"}
    secrets["in basic form"] = basic(USER, PASSWORD)["Authorization"].split()[1]
    personal = {"name": NAME, "first name": "Alwina", "mail": MAIL}
    users = {"subject": SUBJECT, "user": USER}
    assert told(log, secrets | personal | users) == []
    assert told("\n".join(seen.answers), secrets) == []
    # Who has agreed to the terms is on record, by user id and nothing else.
    assert told(files_below(tmp_path / "data"), secrets | personal) == []


def told(text: str, secrets: dict[str, str]) -> list[str]:
    """What of these stands in a text, with the place; of a token every telling part counts."""
    found = []
    for kind, secret in secrets.items():
        for part in {secret, *(part for part in secret.split(".") if len(part) > 40)}:
            at = text.find(part)
            if at >= 0:
                found.append(f"{kind}: …{text[max(at - 200, 0) : at + 80]}…")
    return found


def test_the_search_finds_what_is_told() -> None:
    assert told(f"a line with {OPAQUE} in it", {"opaque": OPAQUE})
    assert told("x " + "a" * 50, {"token": f"{'b' * 50}.{'a' * 50}.c"})
    assert told("nothing", {"opaque": OPAQUE}) == []
