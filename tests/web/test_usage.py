"""What users, providers and operators see of usage and credits."""

from __future__ import annotations

import csv
import io
from pathlib import Path
from urllib.parse import parse_qs, urljoin, urlsplit

import pytest

from aggregator.errors import PermissionsInsufficient, TokenInvalid
from aggregator.ledger.events import Hold
from aggregator.storage.ledger import GRACE
from aggregator.storage.reconciliation import Sighting, note
from aggregator.usecases.accounts import Access
from tests.fakes.backends import Reply
from tests.unit.ledger.documents import APRIL, grant
from tests.web.paying import books, counting, ledger, now, report
from tests.web.site import Site, assert_error, backend, conforms
from tests.web.viewers import OPERATOR, REPORTER, access, everything, get, link_of, mine, rows, used

HOUR = 3600


@pytest.fixture
def site(tmp_path: Path) -> Site:
    made = counting(tmp_path, operators=["urn:federation:oper*"], trusted=["https://issuer.test"])
    for member in made.backends.values():
        member.answers["GET /me"] = {"user_id": "alice"}
    return made


# GET /me


def test_what_is_owed_at_one_member_does_not_hide_what_can_be_spent_at_others(site: Site) -> None:
    user = site.login()
    site.get("/me", headers=user)
    report(site, "j-1", 150, "aurora")
    found = conforms("/me", site.get("/me", headers=user))
    assert (found["budget"], found["federation:wallet"]["owed"]) == (10, 140)
    at = found["federation:wallet"]["providers"]
    assert [at[name]["available"] for name in ("terra", "aurora")] == [10, -140]
    report(site, "j-2", 12)
    found = site.get("/me", headers=user).json
    assert (found["budget"], found["federation:wallet"]["owed"]) == (0, 142)


def test_me_shows_the_sum_and_the_wallet_by_provider(site: Site) -> None:
    user = site.login()
    site.get("/me", headers=user)
    ledger(site).grant(grant("gift", 5, note="for testing", expires=APRIL))
    report(site, "j-1", 3)
    report(site, "j-2", 12, "aurora")
    now_ = now(site)
    ledger(site).hold(Hold("h", "user/alice", "terra", 2000, now_, APRIL, "j-9", "alice"))
    found = conforms("/me", site.get("/me", headers=user))
    assert found["budget"] == 8
    wallet = found["federation:wallet"]
    assert wallet["providers"] == {
        "terra": {
            "title": "Terra Observatory",
            "available": 8,
            "put_aside": 2,
            "owed": 0,
            "renewal": "2026-04-01T00:00:00Z",
        },
        "aurora": {
            "title": "Aurora Data Centre",
            "available": 3,
            "put_aside": 0,
            "owed": 0,
            "renewal": "2026-04-01T00:00:00Z",
        },
    }
    assert (wallet["wallet"], wallet["total"], wallet["put_aside"]) == ("user/alice", 8, 2)
    assert wallet["owed"] == 0
    assert wallet["grants"] == [
        {
            "kind": "free",
            "usable_at": ["terra"],
            "amount": 10,
            "left": 5,
            "created": "2026-03-14T09:10:00Z",
            "expires": "2026-04-01T00:00:00Z",
            "note": "free credits of 2026-03",
        },
        {
            "kind": "award",
            "usable_at": None,
            "amount": 5,
            "left": 3,
            "created": "2026-03-14T09:10:00Z",
            "expires": "2026-04-01T00:00:00Z",
            "note": "for testing",
        },
    ]


def test_me_has_a_link_that_opens_without_a_token_and_shows_the_users_own_usage(
    site: Site,
) -> None:
    used(site)
    found = site.get("/me", headers=site.login()).json
    (link,) = [one for one in found["links"] if one["title"] == "Your usage and credits"]
    path = link["href"].removeprefix("http://federation.test")
    page = get(site, path).text
    assert "4 credits used in 2026-03" not in page  # a program gets JSON
    page = get(site, path, headers={"Accept": "text/html"}).text
    assert "<h1>4 credits used in <time>2026-03</time></h1>" in page
    assert "bob" not in page


# Who sees what


def test_a_user_sees_their_own_usage_by_day_backend_user_and_kind(site: Site) -> None:
    used(site)
    user = site.login()
    by = {
        group: rows(get(site, f"/federation/usage?group={group}", headers=user))
        for group in ("day", "backend", "user", "kind", "month", "job")
    }
    assert by == {
        "day": [("2026-03-14", 2, 2, 4, 0)],
        "backend": [("aurora", 1, 1, 1, 0), ("terra", 1, 1, 3, 0)],
        "user": [("alice", 2, 2, 4, 0)],
        "kind": [("batch", 1, 1, 1, 0), ("synchronous", 1, 1, 3, 0)],
        "month": [("2026-03", 2, 2, 4, 0)],
        "job": [("aurora-j-2", 1, 1, 1, 0), ("terra-j-1", 1, 1, 3, 0)],
    }
    answer = get(site, "/federation/usage", headers=user).json
    assert (answer["of"], answer["month"], answer["group"]) == ("me", "2026-03", "day")
    assert answer["total"] == {"reports": 2, "credits": 4, "uncovered": 0}
    assert [(q["provider"], q["free"], q["used"], q["left"]) for q in answer["quotas"]] == [
        ("terra", 10, 3, 7),
        ("aurora", 10, 1, 9),
    ]
    assert rows(get(site, "/federation/usage?month=2026-02", headers=user)) == []


def test_a_user_sees_nothing_of_others(site: Site) -> None:
    for of in ("all", "terra", "bob"):
        answer = site.client.get(f"/federation/usage?of={of}", headers=site.login())
        assert_error(answer, 403, "PermissionsInsufficient")
    for page in ("settlement", "unreconciled"):
        answer = site.client.get(f"/federation/{page}", headers=site.login())
        assert_error(answer, 403, "PermissionsInsufficient")
    assert_error(site.client.get("/federation/usage"), 401, "AuthenticationRequired")


def test_a_provider_sees_the_usage_of_its_backend(site: Site) -> None:
    used(site)
    path = link_of(site, REPORTER, "Usage at Terra Observatory")
    assert rows(get(site, f"{path}&group=user")) == [
        ("alice", 1, 1, 3, 0),
        ("bob", 1, 1, 2, 0),
    ]
    usage = books(site).usage
    assert usage.reader(REPORTER, None).of == "terra"
    with pytest.raises(PermissionsInsufficient, match="but that of: terra, me"):
        usage.reader(REPORTER, "aurora")
    with pytest.raises(PermissionsInsufficient):
        usage.reader(REPORTER, "all")


def test_roles_of_an_issuer_that_nobody_trusts_show_nothing_of_others(tmp_path: Path) -> None:
    site = counting(tmp_path, operators=["urn:federation:oper*"])
    for who in (OPERATOR, REPORTER):
        assert books(site).usage.reader(who, None).choices == ("me",)
        assert len(books(site).usage.links(who)) == 1


def test_an_operator_sees_everything(site: Site) -> None:
    used(site)
    usage = books(site).usage
    assert usage.reader(OPERATOR, None).of == "all"
    assert usage.reader(OPERATOR, "aurora").provider == "aurora"
    subscribed = access("x", subscriptions=("urn:federation:operators",))
    assert usage.reader(subscribed, None).of == "all"
    assert rows(get(site, f"{everything(site)}&group=user")) == [
        ("alice", 2, 2, 4, 0),
        ("bob", 1, 1, 2, 0),
    ]


def test_a_ticket_opens_what_it_was_made_for_and_for_an_hour(site: Site) -> None:
    used(site)
    path = mine(site)
    for other in ("all", "terra"):
        answer = site.client.get(path.replace("of=me", f"of={other}"))
        assert_error(answer, 403, "TokenInvalid")
    ticket = parse_qs(urlsplit(path).query)["ticket"][0]
    bearer = {"Authorization": f"Bearer basic//{ticket}"}
    assert_error(site.get("/me", headers=bearer), 403, "TokenInvalid")
    token = site.login()["Authorization"].rpartition("/")[2]
    with pytest.raises(TokenInvalid):
        books(site).usage.holder(token, "me")
    site.clock.advance(HOUR - 1)
    get(site, path)
    site.clock.advance(2)
    assert_error(site.client.get(path), 403, "TokenInvalid")
    page = site.client.get(path, headers={"Accept": "text/html"})
    assert page.status_code == 403
    assert "This link has expired." in page.text


NO_MONTHS = ["2026-13", "2026-3", "x", "9999-12", "0000-01", "0001-01", "1969-12", "x" * 999]


@pytest.mark.parametrize("page", ["usage", "settlement", "unreconciled"])
def test_what_is_no_month_is_refused_and_what_would_be_one_is_said(site: Site, page: str) -> None:
    path = everything(site).replace("usage?", f"{page}?")
    for wrong in NO_MONTHS:
        asked = f"{path}&month={wrong}"
        error = assert_error(site.client.get(asked), 400, "RequestInvalid")
        assert error["message"] == (
            "The query parameter 'month' must be a month like 2026-03, from 1970-01 to 9998-12, "
            f"not '{wrong[:20]}'."
        )
        refused = site.client.get(f"{asked}&f=html")
        assert (refused.status_code, refused.mimetype) == (400, "text/html")
        assert "must be a month like 2026-03" in refused.text
        assert site.client.get(f"{asked}&f=csv").status_code == 400


@pytest.mark.parametrize("page", ["usage", "settlement", "unreconciled"])
def test_the_first_and_the_last_month_can_be_asked_for(site: Site, page: str) -> None:
    path = everything(site).replace("usage?", f"{page}?")
    for month in ("1970-01", "9998-12"):
        for form in ("json", "html", "csv"):
            assert get(site, f"{path}&month={month}&f={form}").status_code == 200


@pytest.mark.parametrize(
    ("wrong", "right"),
    [("group=name", "one of day, month, backend, user, kind, service, job"), ("f=xml", "csv")],
)
def test_what_cannot_be_asked_for_is_named(site: Site, wrong: str, right: str) -> None:
    answer = site.client.get(f"/federation/usage?{wrong}", headers=site.login())
    assert right in assert_error(answer, 400, "RequestInvalid")["message"]


# Forms


def test_csv_is_that_of_rfc_4180_with_defused_cells(site: Site) -> None:
    for user in ("=cmd()", "+1", "-1", "@x", 'quote"d, user', "plain"):
        report(site, f"j{user}", 1.5, userId=user)
    answer = get(site, f"{everything(site)}&group=user&f=csv")
    assert answer.content_type == "text/csv; charset=utf-8; header=present"
    assert answer.headers["Content-Disposition"] == (
        'attachment; filename="usage-2026-03-user.csv"'
    )
    assert answer.text.endswith("\r\n")
    assert "\n" not in answer.text.replace("\r\n", "")
    assert sorted(csv.reader(io.StringIO(answer.text, newline=""))) == sorted(
        [
            ["user", "reports", "jobs", "credits", "uncovered"],
            ["'=cmd()", "1", "1", "1.5", "1.5"],
            ["'+1", "1", "1", "1.5", "1.5"],
            ["'-1", "1", "1", "1.5", "1.5"],
            ["'@x", "1", "1", "1.5", "1.5"],
            ['quote"d, user', "1", "1", "1.5", "1.5"],
            ["plain", "1", "1", "1.5", "1.5"],
        ]
    )


def test_a_page_runs_no_script_loads_nothing_and_tells_nobody_its_address(site: Site) -> None:
    report(site, "j", 1, userId="<script>alert(1)</script>")
    answer = get(site, f"{everything(site)}&group=user&f=html")
    assert "<script>" not in answer.text
    assert "&lt;script&gt;" in answer.text
    policy = answer.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe-inline" not in policy
    assert answer.headers["Referrer-Policy"] == "no-referrer"
    assert answer.headers["Cache-Control"] == "no-store"
    assert "style=" not in answer.text


def test_who_comes_with_a_browser_and_no_ticket_is_told_where_there_is_one(site: Site) -> None:
    answer = site.client.get("/federation/usage?f=html")
    assert answer.status_code == 401
    assert "<code>GET /me</code>" in answer.text


@pytest.mark.parametrize(
    ("who", "title", "told"),
    [
        (access(), "Your usage and credits", "By you, in"),
        (REPORTER, "Usage at Terra Observatory", "At Terra Observatory, in"),
        (OPERATOR, "Usage of all users", "By all users, in"),
    ],
)
def test_a_page_says_by_whom_or_where_credits_were_used(
    site: Site, who: Access, title: str, told: str
) -> None:
    used(site)
    page = get(site, f"{link_of(site, who, title)}&f=html").text
    assert f'<p class="soft">{told}' in page


def test_the_sum_of_all_months_is_not_said_to_be_that_of_one(site: Site) -> None:
    used(site)
    page = get(site, f"{mine(site)}&group=month&f=html").text
    title = page.partition("<title>")[2].partition("</title>")[0]
    heading = page.partition("<h1>")[2].partition("</h1>")[0]
    assert heading.endswith("credits used in all months")
    assert title.startswith(heading)
    assert "Month before" not in page


def test_links_on_a_page_keep_its_ticket(site: Site) -> None:
    used(site)
    page = get(site, f"{mine(site)}&f=html").text
    hrefs = [part.partition('"')[0] for part in page.split('href="')[1:]]
    assert len(hrefs) > 8
    assert hrefs[0] == "../federation"
    for href in hrefs:
        path = urljoin("/federation/usage", href.replace("&amp;", "&"))
        assert site.client.get(path).status_code == 200, path


# Settlement and what does not agree


def test_a_settlement_tells_what_was_earned_and_whether_the_month_is_closed(site: Site) -> None:
    used(site)
    path = everything(site).replace("usage", "settlement")
    found = get(site, f"{path}&month=2026-03").json
    terra = {
        "provider": "terra",
        "title": "Terra Observatory",
        "charged": 5,
        "refunded": 0,
        "earned": 5,
        "settled": None,
        "paid_by": {"free": 5},
    }
    assert found["providers"][0] == terra
    ledger(site).close_month("terra", "2026-03", APRIL + GRACE)
    found = get(site, f"{path}&month=2026-03").json
    assert found["providers"][0] == terra | {"settled": 5}
    own = link_of(site, REPORTER, "Usage at Terra Observatory").replace("usage?", "settlement?")
    assert [one["provider"] for one in get(site, own).json["providers"]] == ["terra"]
    table = get(site, f"{own}&month=2026-03&f=csv").text
    assert table == ("provider,charged,refunded,earned,settled\r\nterra,5.0,0.0,5.0,5.0\r\n")
    assert "closed with 5.000" in get(site, f"{own}&f=html&month=2026-03").text


def test_jobs_that_do_not_agree_are_shown_to_their_provider_and_the_operator(site: Site) -> None:
    seen = Sighting("terra", "j-1", "alice", "finished", 2000, now(site))
    note(ledger(site).database, [seen])
    path = everything(site).replace("usage?", "unreconciled?")
    assert get(site, path).json["jobs"] == []
    site.clock.advance(HOUR)
    path = everything(site).replace("usage?", "unreconciled?")
    assert get(site, path).json["jobs"] == [
        {
            "why": "unreported",
            "provider": "terra",
            "job": "j-1",
            "user": "alice",
            "status": "finished",
            "at": "2026-03-14T09:10:00Z",
            "stated": 2,
            "charged": None,
            "put_aside": None,
            "named": None,
            "report": None,
        }
    ]
    assert get(site, f"{path}&f=csv").text.splitlines()[1] == (
        "j-1,terra,unreported,finished,2026-03-14T09:10:00Z,2.0,,,alice,,"
    )
    assert "ended, no report came" in get(site, f"{path}&f=html").text
    own = link_of(site, REPORTER, "Usage at Terra Observatory").replace("usage?", "unreconciled?")
    assert len(get(site, own).json["jobs"]) == 1


def test_without_accounting_there_is_no_usage(tmp_path: Path) -> None:
    plain = Site({"terra": backend("terra")}, tmp_path)
    assert plain.client.get("/federation/usage").status_code == 404
    plain.backends["terra"].answers["GET /me"] = Reply(200, {"user_id": "alice"})
    found = plain.get("/me", headers=plain.login()).json
    assert "budget" not in found
    assert "federation:wallet" not in found
