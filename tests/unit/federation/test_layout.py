from pathlib import Path

import pytest
import yaml

from aggregator.settings import load
from scripts.federation.layout import Layout, LayoutError, read_layout, relocated

FEDERATION = """
title: Two of a kind
public_url: http://127.0.0.1:8080
bind: 127.0.0.1:8080
backends:
  north:
    url: http://127.0.0.1:8101/openeo/1.3
    simulated: profiles/north.yaml
  far:
    url: https://far.example:8101/openeo
"""
NORTH = """
id: north
bind: 127.0.0.1:8101
public_url: http://127.0.0.1:8101
collections:
  - {id: SAMPLES, kind: stac, options: {href: ../samples/collection.json}}
  - {id: FAR, kind: stac, options: {href: "https://far.example/collection.json"}}
  - {id: COVER, product: landcover}
"""


@pytest.fixture
def layout(tmp_path: Path) -> Layout:
    (tmp_path / "profiles").mkdir()
    (tmp_path / "profiles" / "north.yaml").write_text(NORTH)
    (tmp_path / "federation.yaml").write_text(FEDERATION)
    return read_layout(tmp_path / "federation.yaml", data=tmp_path / "var")


def test_every_simulated_backend_and_the_aggregator_is_a_server(layout: Layout) -> None:
    assert [str(server.address) for server in layout.servers] == [
        "127.0.0.1:8101",
        "127.0.0.1:8080",
    ]


def test_a_moved_federation_finds_its_backends_where_they_now_are(
    layout: Layout, tmp_path: Path
) -> None:
    there = relocated(layout, tmp_path / "elsewhere", offset=500, host=None)
    settings = load(there.file)
    assert settings.bind == "127.0.0.1:8580"
    assert settings.public_url == "http://127.0.0.1:8580"
    assert settings.backend("north").url == "http://127.0.0.1:8601/openeo/1.3"
    profile = yaml.safe_load(there.profiles["north"].file.read_text())
    assert profile["bind"] == "127.0.0.1:8601"
    assert profile["public_url"] == "http://127.0.0.1:8601"
    assert settings.backend("north").simulated == there.profiles["north"].file


def test_a_backend_that_is_not_simulated_stays_where_it_is(layout: Layout, tmp_path: Path) -> None:
    there = relocated(layout, tmp_path / "elsewhere", offset=500, host=None)
    assert load(there.file).backend("far").url == "https://far.example:8101/openeo"


def test_listening_everywhere_leaves_the_public_urls(layout: Layout, tmp_path: Path) -> None:
    there = relocated(layout, tmp_path / "elsewhere", offset=0, host="0.0.0.0")
    assert load(there.file).bind == "0.0.0.0:8080"
    assert load(there.file).public_url == "http://127.0.0.1:8080"
    assert there.profiles["north"].document["bind"] == "0.0.0.0:8101"
    assert there.profiles["north"].document["public_url"] == "http://127.0.0.1:8101"


def test_moving_leaves_the_original_alone(layout: Layout, tmp_path: Path) -> None:
    relocated(layout, tmp_path / "elsewhere", offset=500, host=None)
    assert layout.file.read_text() == FEDERATION
    assert layout.document["backends"]["north"]["url"] == "http://127.0.0.1:8101/openeo/1.3"


def test_data_of_a_moved_federation_are_kept_apart(layout: Layout, tmp_path: Path) -> None:
    there = relocated(layout, tmp_path / "elsewhere", offset=500, host=None)
    assert load(there.file).data_directory == tmp_path / "var" / "aggregator"


def test_a_moved_profile_finds_its_real_data(layout: Layout, tmp_path: Path) -> None:
    there = relocated(layout, tmp_path / "elsewhere", offset=500, host=None)
    samples, far, cover = there.profiles["north"].document["collections"]
    assert samples["options"]["href"] == str(tmp_path / "samples" / "collection.json")
    assert far["options"]["href"] == "https://far.example/collection.json"
    assert cover == {"id": "COVER", "product": "landcover"}


def test_a_moved_profile_exports_to_the_same_folder(layout: Layout, tmp_path: Path) -> None:
    profile = tmp_path / "profiles" / "north.yaml"
    profile.write_text(NORTH + "workspaces: {folder: {root: ../shared}, s3: {}}\n")
    moved = read_layout(layout.file, data=tmp_path / "var")
    there = relocated(moved, tmp_path / "elsewhere", offset=500, host=None)
    section = there.profiles["north"].document["workspaces"]
    assert section == {"folder": {"root": str(tmp_path / "shared")}, "s3": {}}


def test_a_moved_federation_finds_its_prices(layout: Layout, tmp_path: Path) -> None:
    (tmp_path / "federation.yaml").write_text(FEDERATION + "accounting: {pricing: prices}\n")
    written = read_layout(tmp_path / "federation.yaml", data=tmp_path / "var")
    for original, expected in [(written, tmp_path / "prices"), (layout, None)]:
        there = relocated(original, tmp_path / "elsewhere", offset=500, host=None)
        accounting = load(there.file).accounting
        assert (accounting.pricing if accounting else None) == expected


def test_a_port_that_does_not_exist_is_refused(layout: Layout, tmp_path: Path) -> None:
    with pytest.raises(LayoutError, match="no such port"):
        relocated(layout, tmp_path / "elsewhere", offset=60000, host=None)


def test_an_address_is_to_be_changed_in_the_file_that_somebody_wrote(
    layout: Layout, tmp_path: Path
) -> None:
    there = relocated(layout, tmp_path / "elsewhere", offset=500, host=None)
    assert [server.setting for server in there.servers] == [
        f"'bind' in {layout.profiles['north'].file}",
        f"'bind' in {layout.file}",
    ]
    assert there.offset == 500


def test_an_unknown_backend_is_named_with_the_known_ones(layout: Layout) -> None:
    with pytest.raises(LayoutError, match=r"no backend 'south'; it simulates: north"):
        layout.server("south")


def test_a_missing_profile_is_named(tmp_path: Path) -> None:
    (tmp_path / "federation.yaml").write_text(FEDERATION)
    with pytest.raises(LayoutError, match=r"north\.yaml cannot be read"):
        read_layout(tmp_path / "federation.yaml")


IDENTITY = """
title: Mine
bind: 127.0.0.1:8090
issuer: http://localhost:8090/realms/one
clients:
  editor: {redirect_urls: ["http://127.0.0.1:8080/editor/", "https://far.example:8080/"]}
"""


@pytest.fixture
def identified(layout: Layout, tmp_path: Path) -> Layout:
    """The federation with a provider of identities, which its backend knows."""
    (tmp_path / "identity.yaml").write_text(IDENTITY)
    settings = "identity: {simulated: identity.yaml, trusted_issuers: [http://localhost:8090/x]}\n"
    layout.file.write_text(FEDERATION + settings)
    oidc = """
oidc: {providers: [{id: one, issuer: "http://127.0.0.1:8090/realms/one"}]}
urls: {own: ["127.0.0.1:8080", "far.example:8080", "127.0.0.1:9999"]}
"""
    (tmp_path / "profiles" / "north.yaml").write_text(NORTH + oidc)
    return read_layout(layout.file, data=tmp_path / "var")


def test_the_provider_of_identities_starts_first_and_is_asked_what_it_is(
    identified: Layout,
) -> None:
    first = identified.servers[0]
    assert (first.name, str(first.address)) == ("identity", "127.0.0.1:8090")
    assert first.sign == "/realms/one/.well-known/openid-configuration"


def test_a_moved_provider_is_found_wherever_its_address_stands(
    identified: Layout, tmp_path: Path
) -> None:
    there = relocated(identified, tmp_path / "elsewhere", offset=500, host=None)
    settings = load(there.file)
    assert settings.identity.simulated == tmp_path / "elsewhere" / "identity.yaml"
    assert settings.identity.trusted_issuers == ("http://localhost:8590/x",)
    provider = yaml.safe_load((tmp_path / "elsewhere" / "identity.yaml").read_text())
    assert provider["bind"] == "127.0.0.1:8590"
    assert provider["issuer"] == "http://localhost:8590/realms/one"
    assert provider["clients"]["editor"]["redirect_urls"] == [
        "http://127.0.0.1:8580/editor/",
        "https://far.example:8080/",
    ]
    profile = yaml.safe_load(there.profiles["north"].file.read_text())
    assert profile["oidc"]["providers"][0]["issuer"] == "http://127.0.0.1:8590/realms/one"
    assert profile["urls"]["own"] == ["127.0.0.1:8580", "far.example:8080", "127.0.0.1:9999"]


def test_moving_leaves_the_provider_of_the_original_alone(
    identified: Layout, tmp_path: Path
) -> None:
    relocated(identified, tmp_path / "elsewhere", offset=500, host=None)
    assert identified.identity is not None
    assert identified.identity.document == yaml.safe_load(IDENTITY)
    assert read_layout(identified.file) == read_layout(identified.file)


def test_listening_everywhere_leaves_the_issuer(identified: Layout, tmp_path: Path) -> None:
    there = relocated(identified, tmp_path / "elsewhere", offset=0, host="0.0.0.0")
    assert there.identity is not None
    assert there.identity.document["bind"] == "0.0.0.0:8090"
    assert there.identity.document["issuer"] == "http://localhost:8090/realms/one"


def test_a_federation_without_a_simulated_provider_says_so(layout: Layout) -> None:
    assert layout.providers == ()
    with pytest.raises(LayoutError, match="names no provider of identities"):
        layout.server("identity")
