"""Settings from YAML: defaults, and every mistake at once."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from aggregator.settings import Settings, SettingsError, as_markdown, described, load, read

ROOT = Path(__file__).parents[2]
ONE = {"terra": {"url": "http://127.0.0.1:8101/openeo/1.3"}}


def mistakes(document: Any) -> tuple[str, ...]:
    with pytest.raises(SettingsError) as caught:
        read(document)
    return caught.value.mistakes


def test_a_url_is_all_that_a_backend_needs() -> None:
    settings = read({"backends": ONE})
    assert settings.order == ("terra",)
    assert settings.backend("terra").url == "http://127.0.0.1:8101/openeo/1.3"
    assert not settings.backend("terra").basic_authentication
    assert settings.bind == "127.0.0.1:8080"


def test_the_order_of_backends_is_the_order_of_the_file(tmp_path: Path) -> None:
    file = tmp_path / "f.yaml"
    file.write_text("backends:\n  b: {url: 'http://b'}\n  a: {url: 'http://a'}\n")
    assert load(file).order == ("b", "a")


def test_a_profile_is_found_beside_the_file(tmp_path: Path) -> None:
    file = tmp_path / "f.yaml"
    file.write_text("backends:\n  a: {url: 'http://a', simulated: backends/a.yaml}\n")
    assert load(file).backends[0].simulated == tmp_path / "backends/a.yaml"


def test_the_configuration_of_a_simulated_provider_is_relative_to_the_file(tmp_path: Path) -> None:
    file = tmp_path / "federation.yaml"
    file.write_text("backends: {a: {url: 'http://a'}}\nidentity: {simulated: identity.yaml}\n")
    assert load(file).identity.simulated == tmp_path / "identity.yaml"
    assert read({"backends": {"a": {"url": "http://a"}}}).identity.simulated is None


def test_every_mistake_is_named_with_its_key_path() -> None:
    document = {
        "titel": "x",
        "bind": "8080",
        "workers": 0,
        "threads": "many",
        "process_rule": "some",
        "upstream": {"connections": True, "read_timout": 3},
        "backends": {
            "terra-1": {"url": "http://a"},
            "aurora": {"url": "ftp://b", "basic_authentication": "yes"},
            "boreal": {"titel": "x", "collections": {"deny": "S2"}},
            "north": 3,
        },
    }
    assert mistakes(document) == (
        "titel: there is no such setting (did you mean title?)",
        "bind: must be HOST:PORT such as 127.0.0.1:8080, not '8080'",
        "workers: must be 1 or more, not 0",
        "threads: must be a whole number, not 'many'",
        "process_rule: must be one of union, intersection, not 'some'",
        "upstream.read_timout: there is no such setting (did you mean read_timeout?)",
        "upstream.connections: must be a whole number, not True",
        "backends.terra-1: an id is small letters, digits and _, a letter first",
        "backends.aurora.url: must be an http(s) URL such as "
        "https://openeo.example/openeo/1.3, not 'ftp://b'",
        "backends.aurora.basic_authentication: must be true or false, not 'yes'",
        "backends.boreal.titel: there is no such setting (did you mean title?)",
        "backends.boreal.collections.deny: must be a list of texts, not 'S2'",
        "backends.boreal.url: is required",
        "backends.north: must be a table of settings, not 3",
    )


def test_a_number_where_a_text_belongs_is_told_what_that_text_would_be() -> None:
    document = {"backends": ONE, "bind": 8080, "process_rule": 2, "sealing_key": 5, "title": 7}
    assert mistakes(document) == (
        "title: must be text, not 7",
        "bind: must be HOST:PORT such as 127.0.0.1:8080, not '8080'",
        "sealing_key: must be text, not 5",
        "process_rule: must be one of union, intersection, not '2'",
    )


def test_no_backend_is_called_as_federated_jobs_are() -> None:
    found = mistakes({"backends": {"federation": {"url": "https://a.example"}}})
    assert found[0] == (
        "backends.federation: the ids of federated jobs begin with this; choose another"
    )


@pytest.mark.parametrize("document", [None, [], "text", {}, {"backends": {}}, {"backends": None}])
def test_a_file_without_backends_is_a_mistake(document: Any) -> None:
    assert any(mistake.startswith("backends:") for mistake in mistakes(document))


def test_backends_that_settings_refer_to_must_exist() -> None:
    found = mistakes({"backends": ONE, "process_reference": "tera", "preferred": ["aurora"]})
    assert found == (
        "process_reference: there is no backend (did you mean terra?)",
        "preferred: there is no backend (known are terra)",
    )
    assert read({"backends": ONE, "process_reference": "2.0.0-rc.2"}).process_reference


@pytest.mark.parametrize(
    ("terms", "mistake"),
    [
        ({"url": "https://a.example/terms"}, "terms.version: is required where there are terms"),
        ({"version": "1"}, "terms: needs a url or a text"),
        ({"version": "1", "text": "  "}, "terms: needs a url or a text"),
        (
            {"version": "1", "url": "javascript:alert(1)"},
            "terms.url: must be the http(s) address of a page, not 'javascript:alert(1)'",
        ),
        ({"version": " ", "text": "Be kind."}, "terms.version: must not be empty"),
    ],
)
def test_terms_have_a_version_and_something_to_read(terms: Any, mistake: str) -> None:
    assert mistake in mistakes({"backends": ONE, "terms": terms})
    assert read({"backends": ONE, "terms": {"version": "1", "text": "Be kind."}}).terms.version


def test_an_issuer_must_be_an_address() -> None:
    found = mistakes({"backends": ONE, "identity": {"trusted_issuers": ["https://a", "egi"]}})
    assert found[0].startswith("identity.trusted_issuers: must be an http(s) URL")


def test_a_key_that_stands_twice_is_a_mistake(tmp_path: Path) -> None:
    file = tmp_path / "f.yaml"
    file.write_text("backends:\n  a: {url: 'http://a'}\n  a: {url: 'http://b'}\n")
    with pytest.raises(SettingsError, match="the key 'a' stands here twice"):
        load(file)


@pytest.mark.parametrize("content", ["a: [", "\x00", "!!python/object:os.system x"])
def test_a_file_that_is_no_yaml_is_a_mistake(tmp_path: Path, content: str) -> None:
    file = tmp_path / "f.yaml"
    file.write_text(content)
    with pytest.raises(SettingsError, match="is not YAML"):
        load(file)


def test_what_is_no_yaml_is_told_with_its_place_in_one_line(tmp_path: Path) -> None:
    file = tmp_path / "f.yaml"
    file.write_text("title: [a\nfoo: : bar\n")
    with pytest.raises(SettingsError) as caught:
        load(file)
    assert caught.value.mistakes == (
        "is not YAML: while parsing a flow sequence at line 1, column 8, "
        "expected ',' or ']', but got ':' at line 2, column 4",
    )


def test_a_key_that_stands_twice_is_named_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "f.yaml"
    file.write_text("backends:\n  terra: {}\n  terra: {}\n")
    with pytest.raises(
        SettingsError, match=r"the key 'terra' stands here twice at line 3, column 3"
    ):
        load(file)


def test_a_file_that_is_not_there_is_a_mistake(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="cannot be read: No such file"):
        load(tmp_path / "f.yaml")


def test_every_setting_has_a_default_and_a_help() -> None:
    for path, default, help_ in described():
        assert help_, path
        if default == "required":
            assert path in ("backends", "backends.ID.url")


def test_numbers_may_be_written_without_a_decimal_point() -> None:
    settings: Settings = read({"backends": ONE, "upstream": {"read_timeout": 3}})
    assert settings.upstream.read_timeout == 3.0


@pytest.mark.parametrize("name", ["federation.yaml", "copernicus.yaml"])
def test_the_configurations_that_come_along_can_be_used(name: str) -> None:
    assert len(load(ROOT / "config" / name).backends) > 1


def test_the_page_of_all_settings_is_up_to_date() -> None:
    page = (ROOT / "docs" / "settings.md").read_text()
    assert page == as_markdown(), "print it anew with: python -m scripts.settings_page"


def test_the_database_is_a_file_in_the_data_directory_unless_a_url_is_given() -> None:
    settings = read({"backends": ONE, "data_directory": "/srv/data"})
    assert settings.database_url == "sqlite:////srv/data/federation.sqlite"
    url = "postgresql://u:p@db/f"
    assert read({"backends": ONE, "database": url}).database_url == url


@pytest.mark.parametrize("url", ["mysql://a:secret@b/c", "sqlite:///:memory:", "sqlite://", "x"])
def test_a_database_that_cannot_be_used_is_a_mistake_that_does_not_repeat_the_url(url: str) -> None:
    (mistake,) = mistakes({"backends": ONE, "database": url})
    assert mistake.startswith("database: must be a URL such as sqlite:////var/lib")
    assert "secret" not in mistake


def test_there_is_no_accounting_unless_the_section_stands_there(tmp_path: Path) -> None:
    assert read({"backends": ONE}).accounting is None
    assert read({"backends": ONE, "accounting": None}).accounting is None
    accounting = read({"backends": ONE, "accounting": {}}, directory=tmp_path).accounting
    assert accounting is not None
    assert accounting.pricing == tmp_path / "pricing"
    assert mistakes({"backends": ONE, "accounting": {"prices": "x"}}) == (
        "accounting.prices: there is no such setting (did you mean pricing?)",
    )


@pytest.mark.parametrize(
    ("section", "name"),
    [("accounting", "operators"), ("availability", "operator_entitlements")],
)
def test_a_setting_that_has_moved_says_where_it_is_now(section: str, name: str) -> None:
    document = {"backends": {"terra": {"url": "http://t.test"}}, section: {name: ["a"]}}
    with pytest.raises(SettingsError) as caught:
        read(document)
    assert caught.value.mistakes == (
        f"{section}.{name}: is now called operators, at the top of the file",
    )


@pytest.mark.parametrize(
    ("availability", "mistake"),
    [
        (
            {"webhooks": ["https://chat.example/hook"]},
            "availability.webhook_secret: is required where there are webhooks",
        ),
        (
            {"webhooks": ["https://chat.example/hook"], "webhook_secret": "short"},
            "availability.webhook_secret: must be base64 of 24 bytes or more, such as the output "
            "of: openssl rand -base64 32",
        ),
        (
            {"stable_percent": 99.99951},
            "availability.stable_percent: must be from 0 to 100 with at most three decimals, not "
            "99.99951",
        ),
        (
            {"operator_tokens": ["hunter2"]},
            "availability.operator_tokens: must be SHA-256 digests, 64 hexadecimal digits each, "
            "not the tokens themselves",
        ),
        (
            {"interval": 5, "deadline": 6},
            "availability.deadline: must not be longer than the interval",
        ),
        (
            {"probe": "ping"},
            "availability.probe: must be one of capabilities, health, not 'ping'",
        ),
    ],
)
def test_what_is_wrong_with_availability_is_named_without_secrets(
    availability: Any, mistake: str
) -> None:
    assert mistakes({"backends": ONE, "availability": availability}) == (mistake,)


def test_a_day_of_joining_is_written_as_yaml_writes_days(tmp_path: Path) -> None:
    file = tmp_path / "f.yaml"
    file.write_text("backends:\n  a: {url: 'http://a', joined: 2026-03-14}\n")
    assert str(load(file).backend("a").joined) == "2026-03-14"
    file.write_text("backends:\n  a: {url: 'http://a', joined: March}\n")
    with pytest.raises(SettingsError, match=r"backends.a.joined: must be a day such as 2026-03-14"):
        load(file)


def test_wallets_are_of_one_issuer_since_usage_is_reported_by_the_sub_alone() -> None:
    two = {"trusted_issuers": ["https://a.example", "https://b.example"]}
    document = {"backends": ONE, "identity": two, "accounting": {"pricing": "pricing"}}
    assert mistakes(document)[0].startswith(
        "identity.trusted_issuers: must be one where there is accounting"
    )
    assert read({"backends": ONE, "identity": two}).accounting is None
