"""Collections and processes of the federation."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.fakes.backends import Reply
from tests.web.site import Site, assert_error, backend, collection, conforms, in_full


def test_collections_are_the_union_and_say_who_has_them(site: Site) -> None:
    found = conforms("/collections", site.get("/collections"))
    assert {c["id"]: c["federation:backends"] for c in found["collections"]} == {
        "S2": ["terra", "aurora"],
        "LAND": ["terra"],
        "S1": ["aurora"],
    }
    assert found["collections"][0]["summaries"]["federation:backends"] == ["terra", "aurora"]
    assert "federation:missing" not in found


def test_collections_of_a_backend_that_is_down_stay_and_it_is_missing(site: Site) -> None:
    site.go_down("aurora")
    site.federation.refresh()
    found = conforms("/collections", site.get("/collections"))
    assert [c["id"] for c in found["collections"]] == ["S2", "LAND", "S1"]
    assert found["federation:missing"] == ["aurora"]


def test_a_restart_with_every_backend_down_serves_the_last_known_metadata_marked(
    tmp_path: Path,
) -> None:
    members = {"terra": backend("terra"), "aurora": backend("aurora", ("S1",))}
    Site(members, tmp_path).get("/collections/S1")
    site = Site(members, tmp_path, down=("terra", "aurora"))
    listed = conforms("/collections", site.get("/collections"))
    assert [c["id"] for c in listed["collections"]] == ["S2", "S1"]
    assert listed["federation:missing"] == ["terra", "aurora"]
    known = conforms("/collections/{collection_id}", site.get("/collections/S1"))
    assert known["federation:missing"] == ["aurora"]
    unseen = conforms("/collections/{collection_id}", site.get("/collections/S2"))
    assert unseen["description"] == "All of S2."


def test_a_listing_comes_in_pages_only_where_a_limit_is_asked_for(site: Site) -> None:
    ids, path = [], "/openeo/1.3/collections?limit=2"
    for _ in range(3):
        page = conforms("/collections", site.client.get(path))
        ids.append([c["id"] for c in page["collections"]])
        following = [link["href"] for link in page["links"] if link["rel"] == "next"]
        if not following:
            break
        path = following[0].removeprefix("http://federation.test")
    assert ids == [["S2", "LAND"], ["S1"]]


@pytest.mark.parametrize("path", ["/collections", "/processes"])
@pytest.mark.parametrize("limit", ["0", "-1", "x", "1.5"])
def test_a_limit_that_is_none_is_an_error(site: Site, path: str, limit: str) -> None:
    assert_error(site.get(f"{path}?limit={limit}"), 400, "RequestInvalid")


@pytest.mark.parametrize("limit", ["3", "003", "100001", "9" * 1000])
def test_a_limit_of_any_size_is_one(site: Site, limit: str) -> None:
    page = site.get(f"/collections?limit={limit}").json
    assert [c["id"] for c in page["collections"]] == ["S2", "LAND", "S1"]


def test_a_page_that_no_link_led_to_is_an_error(site: Site) -> None:
    error = assert_error(site.get("/collections?limit=2&next=made-up"), 400, "RequestInvalid")
    assert "'next' must come from a link" in error["message"]


def test_full_metadata_are_merged_from_all_that_have_the_collection(tmp_path: Path) -> None:
    def cube(*bands: str) -> dict[str, object]:
        return {"cube:dimensions": {"bands": {"type": "bands", "values": list(bands)}}}

    terra = backend("terra", answers={"GET /collections/S2": in_full("S2", **cube("B02"))})
    aurora = backend("aurora", answers={"GET /collections/S2": in_full("S2", **cube("SCL"))})
    site = Site({"terra": terra, "aurora": aurora}, tmp_path)
    found = conforms("/collections/{collection_id}", site.get("/collections/S2"))
    assert found["cube:dimensions"]["bands"]["values"] == ["B02", "SCL"]
    assert found["federation:backends"] == ["terra", "aurora"]
    rels = {link["rel"]: link["href"] for link in found["links"]}
    assert rels["self"] == "http://federation.test/openeo/1.3/collections/S2"


def test_full_metadata_are_asked_for_once(site: Site) -> None:
    for _ in range(3):
        site.get("/collections/S2")
    assert len(site.backends["terra"].asked("GET", "/collections/S2")) == 1


def test_full_metadata_that_one_backend_cannot_give_come_from_the_others(tmp_path: Path) -> None:
    broken = backend("terra", answers={"GET /collections/S2": Reply(500, body=[b"<html>"])})
    site = Site({"terra": broken, "aurora": backend("aurora")}, tmp_path)
    found = conforms("/collections/{collection_id}", site.get("/collections/S2"))
    assert found["federation:backends"] == ["terra", "aurora"]
    assert found["federation:missing"] == ["terra"]


def test_an_unknown_collection_is_not_found_and_similar_ones_are_named(site: Site) -> None:
    error = assert_error(site.get("/collections/LANDS"), 404, "CollectionNotFound")
    assert "LAND" in error["message"]


@pytest.mark.parametrize("path", ["/collections/S2", "/credentials/oidc", "/udf_runtimes"])
def test_what_a_member_that_was_never_reached_may_have_is_503_naming_it(
    tmp_path: Path, path: str
) -> None:
    site = Site({"terra": backend("terra")}, tmp_path, down=("terra",))
    error = assert_error(site.get(path), 503, "BackendUnavailable")
    assert error["federation:backends"] == ["terra"]


def test_a_collection_that_nobody_lists_is_not_found_while_a_member_is_down(site: Site) -> None:
    site.go_down("aurora")
    site.federation.refresh()
    assert_error(site.get("/collections/L9"), 404, "CollectionNotFound")


def test_a_collection_of_a_federation_without_any_is_not_found(tmp_path: Path) -> None:
    site = Site({"terra": backend("terra", ())}, tmp_path)
    assert_error(site.get("/collections/S2"), 404, "CollectionNotFound")


def test_a_collection_is_reachable_under_its_common_name_and_its_own(tmp_path: Path) -> None:
    own = collection("T_S2", common_name="S2")
    answers = {
        "GET /collections": {"collections": [own], "links": []},
        "GET /collections/T_S2": own,
    }
    members = {"terra": backend("terra", answers=answers), "aurora": backend("aurora")}
    site = Site(members, tmp_path)
    assert [c["id"] for c in site.get("/collections").json["collections"]] == ["S2"]
    assert site.get("/collections/S2").json["federation:backends"] == ["terra", "aurora"]
    assert site.get("/collections/T_S2").json["federation:backends"] == ["terra"]


def test_what_is_denied_is_neither_listed_nor_found(tmp_path: Path) -> None:
    site = Site(
        {"terra": backend("terra", ("S2", "LAND"), ("ndvi",))},
        tmp_path,
        collections={"deny": ["LA*"]},
        processes={"deny": ["ndvi"]},
    )
    assert [c["id"] for c in site.get("/collections").json["collections"]] == ["S2"]
    assert_error(site.get("/collections/LAND"), 404, "CollectionNotFound")
    assert "ndvi" not in [p["id"] for p in site.get("/processes").json["processes"]]


def test_processes_are_the_union_and_a_limit_does_not_hide_any(site: Site) -> None:
    found = site.get("/processes?limit=1").json
    by_id = {p["id"]: p["federation:backends"] for p in found["processes"]}
    assert by_id["ndvi"] == ["terra"] and by_id["radar_mask"] == ["aurora"]
    assert by_id["load_collection"] == ["terra", "aurora"]


def test_an_odd_document_of_one_backend_costs_nobody_elses_data(tmp_path: Path) -> None:
    odd = backend("odd", answers={"GET /collections": {"collections": [3, {"id": 7}, None]}})
    site = Site({"odd": odd, "terra": backend("terra")}, tmp_path)
    found = conforms("/collections", site.get("/collections"))
    assert [c["id"] for c in found["collections"]] == ["S2"]
    notes = site.get("/federation/notes").json["notes"]
    assert any(note["backends"] == ["odd"] for note in notes)


@pytest.mark.parametrize(
    ("path", "listed", "messages"),
    [
        (
            "/processes",
            {"processes": [None, {"id": "odd", "parameters": []}, 5, {"id": ""}]},
            ["null", "the value 5", "an object without a usable name"],
        ),
        ("/file_formats", {"output": {"A": None, "B": "b"}}, ["A is null", "B is the text 'b'"]),
        ("/processes", {"links": []}, ["The answer of odd for processes is unusable: null"]),
        ("/collections", {"links": []}, ["The answer of odd for collections is unusable: null"]),
    ],
)
def test_each_thing_that_cannot_be_used_is_told(
    tmp_path: Path, path: str, listed: object, messages: list[str]
) -> None:
    odd = backend("odd", answers={f"GET {path}": listed})
    site = Site({"odd": odd, "terra": backend("terra")}, tmp_path)
    notes = site.get("/federation/notes").json["notes"]
    told = [note["message"] for note in notes if note["level"] == "error"]
    assert len(told) == len(messages)
    assert all(message in one for message, one in zip(messages, told, strict=True))


def test_a_process_version_of_a_member_does_not_stand_for_another(tmp_path: Path) -> None:
    def of(version: object) -> dict[str, object]:
        return {"GET /processes": {"processes": [], "links": [], "version": version}}

    members = {
        "terra": backend("terra", answers=of("1.2.0")),
        "aurora": backend("aurora", answers=of("2.0.0")),
    }
    assert "version" not in conforms("/processes", Site(members, tmp_path).get("/processes"))
    chosen = Site(members, tmp_path / "2", process_reference="2.0.0").get("/processes").json
    assert chosen["version"] == "2.0.0"
    odd = {"terra": backend("terra", answers=of(["2"])), "aurora": members["aurora"]}
    assert Site(odd, tmp_path / "3").get("/processes").json["version"] == "2.0.0"


def test_metadata_from_a_listing_are_as_new_as_the_listing(tmp_path: Path) -> None:
    terra = backend("terra", answers={"GET /collections/S2": Reply(404, {})})
    site = Site({"terra": terra}, tmp_path)
    assert site.get("/collections/S2").json["description"] == "All of S2."
    newer = collection("S2", description="Newer.")
    terra.answers["GET /collections"] = {"collections": [newer], "links": []}
    site.federation.refresh()
    assert site.get("/collections/S2").json["description"] == "Newer."


def test_notes_are_shown_to_operators_as_html(tmp_path: Path) -> None:
    other = collection("S2", license="proprietary")
    listed = {"GET /collections": {"collections": [other], "links": []}}
    members = {"terra": backend("terra"), "aurora": backend("aurora", answers=listed)}
    site = Site(members, tmp_path)
    page = site.client.get("/federation/notes", headers={"Accept": "text/html"})
    assert page.mimetype == "text/html" and "<table>" in page.text
    assert page.headers["Vary"] == "Accept", "the same address gives JSON to programs"
    assert 'href="../federation"' in page.text, "the way back to the state of the federation"
    assert site.get("/federation/notes").headers["Vary"] == "Accept"
    asked = site.client.get("/federation/notes?f=html", headers={"Accept": "application/json"})
    assert asked.text == page.text
    asked = site.client.get("/federation/notes?f=json", headers={"Accept": "text/html"})
    assert asked.json == site.get("/federation/notes").json
    assert_error(site.client.get("/federation/notes?f=pdf"), 400, "RequestInvalid")
