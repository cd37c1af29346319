from typing import Any

from aggregator.errors import OpenEOError
from aggregator.routing import Abilities, Billing, decide
from aggregator.routing.requirements import Requirements
from tests.unit.routing.documents import backend, load, needs, node, only, ref

PLANS = {"billing": {"currency": "credits", "plans": [{"name": "free"}]}}
GTIFF: dict[str, Any] = {"input": {}, "output": {"GTiff": {}}}


def rejected(wanted: Requirements, *backends: Abilities, **asked: Any) -> OpenEOError:
    return decide(wanted, backends, **asked).rejection()


def test_a_collection_that_nobody_has_is_not_found() -> None:
    error = rejected(
        needs(a=load("SENTINEL2_L2B")),
        backend("terra", collections=["SENTINEL2_L2A"]),
        backend("aurora", collections=["DEM"]),
    )
    assert (error.code, error.status) == ("CollectionNotFound", 404)
    assert "'SENTINEL2_L2B'" in error.message
    assert "Did you mean 'SENTINEL2_L2A'?" in error.message


def test_a_process_that_nobody_has_is_unsupported() -> None:
    error = rejected(needs(a=load(), b=node("ndwi", data=ref("a"))), backend("terra"))
    assert (error.code, error.status) == ("ProcessUnsupported", 400)
    assert error.message == (
        "There is no process 'ndwi' in namespace 'backend'. Did you mean 'ndvi'?"
    )
    everything = decide(needs(a=load(), b=node("ndwi", data=ref("a"))), [backend()]).rejections()
    assert [one.code for one in everything] == ["ProcessUnsupported"], "and not its parameters"


def test_a_parameter_that_nobody_has_is_unsupported() -> None:
    error = rejected(needs(a=node("ndvi", date=1)), backend("terra"), backend("aurora"))
    assert error.code == "ProcessParameterUnsupported"
    assert "'ndvi' has no parameter 'date'" in error.message
    assert "data, nir, red, target_band" in error.message


def test_a_job_of_nobody_is_not_found() -> None:
    error = rejected(needs(a=node("load_result", id="4711")), backend("terra"))
    assert (error.code, error.status) == ("JobNotFound", 404)
    assert "'4711'" in error.message


def test_a_format_that_nobody_writes_is_named_with_those_that_are_written() -> None:
    wanted = needs(a=load(), s=node("save_result", data=ref("a"), format="GIF"))
    error = rejected(wanted, backend("terra", file_formats=GTIFF))
    assert error.code == "FileTypeInvalid"
    assert "GIF" in error.message
    assert "GTiff" in error.message


def test_what_one_backend_has_not_published_is_not_said_to_be_nowhere() -> None:
    wanted = needs(a=load(), s=node("save_result", data=ref("a"), format="GIF"))
    silent = backend("aurora", collections=[])
    error = rejected(wanted, backend("terra", file_formats=GTIFF), silent)
    assert error.code == "NoBackendForProcess"
    told = backend("terra", capabilities=PLANS, service_types={"XYZ": {}}, file_formats=GTIFF)
    silent = backend("aurora", collections=[], processes=["load_collection", {"id": "load_url"}])
    error = rejected(needs(a=load()), told, silent, service_type="WMS")
    assert error.code == "NoBackendForProcess"
    error = rejected(needs(a=load()), told, silent, billing=Billing(plan="gold"))
    assert error.message.startswith("The billing plan cannot be used for this: terra ")
    read = needs(a=load(), b=node("load_url", format="GIF"))
    assert rejected(read, told, silent).code == "NoBackendForProcess"
    unsaid = backend("aurora", collections=[], processes=[{"id": "ndvi"}, "load_collection"])
    error = rejected(needs(a=load(), b=node("ndvi", date=1)), backend("terra"), unsaid)
    assert error.code == "NoBackendForProcess"


def test_a_job_of_the_backend_asked_for_is_left_to_that_backend() -> None:
    wanted = needs(a=node("load_result", id="j-1"))
    error = rejected(wanted, backend("terra", online=False), backend("aurora"), explicit="terra")
    assert error.code == "BackendUnavailable"


def test_a_type_of_service_that_nobody_offers_is_unsupported() -> None:
    error = rejected(
        needs(a=load()), backend("terra", service_types={"XYZ": {}}), service_type="WMS"
    )
    assert error.code == "ServiceUnsupported"
    assert "XYZ" in error.message


def test_what_only_a_backend_that_is_offline_could_run_is_unavailable() -> None:
    error = rejected(
        needs(a=load("S1")),
        backend("terra", collections=["S2"]),
        backend("aurora", collections=["S1"], online=False),
    )
    assert (error.code, error.status) == ("BackendUnavailable", 503)
    assert "'aurora'" in error.message
    assert "terra" not in error.message


def test_a_backend_that_was_asked_for_and_is_offline_is_unavailable() -> None:
    error = rejected(
        needs(a=load()), backend("terra"), backend("aurora", online=False), explicit="aurora"
    )
    assert (error.code, error.status) == ("BackendUnavailable", 503)
    assert "'aurora'" in error.message


def test_what_each_backend_lacks_is_named() -> None:
    error = rejected(
        needs(a=load("S1"), b=node("ndvi", data=ref("a"))),
        backend("terra", collections=["S2"]),
        backend("aurora", collections=["S1"], processes=["load_collection"]),
    )
    assert (error.code, error.status) == ("NoBackendForProcess", 400)
    assert error.message == (
        "No single backend can run this process: terra has no collection 'S1' (node 'a'); "
        "aurora has no process 'ndvi' (node 'b')."
    )
    assert error.as_json()["federation:lacking"] == {
        "terra": ["has no collection 'S1' (node 'a')"],
        "aurora": ["has no process 'ndvi' (node 'b')"],
    }


def test_what_the_backend_asked_for_lacks_is_named() -> None:
    error = rejected(
        needs(a=load("S1")),
        backend("terra", collections=["S2"]),
        backend("aurora", collections=["S1"]),
        explicit="terra",
    )
    assert error.code == "NoBackendForProcess"
    assert error.message == (
        "The process was to run on backend 'terra', which cannot run it: "
        "terra has no collection 'S1' (node 'a')."
    )


def test_a_backend_that_is_not_in_the_federation_is_named_with_those_that_are() -> None:
    for error in (
        rejected(needs(a=load()), backend("terra"), backend("aurora"), explicit="terre"),
        rejected(needs(a=load(properties=only("terre"))), backend("terra"), backend("aurora")),
    ):
        assert error.code == "NoBackendForProcess"
        assert "'terre'" in error.message
        assert "The backends are terra, aurora." in error.message


def test_choices_that_exclude_one_another_are_named() -> None:
    error = rejected(
        needs(a=load(properties=only("terra")), b=load(properties=only("aurora"))),
        backend("terra"),
        backend("aurora"),
    )
    assert error.message == (
        "No backend is left, since the choices exclude one another: "
        "node 'a' asks for backend 'terra', node 'b' asks for backend 'aurora'."
    )
    error = rejected(
        needs(a=load(properties=only("terra"))),
        backend("terra"),
        backend("aurora"),
        explicit="aurora",
    )
    assert (
        "the request asks for backend 'aurora', node 'a' asks for backend 'terra'" in error.message
    )


def test_a_backend_that_nothing_is_known_of_is_mentioned() -> None:
    error = rejected(
        needs(a=load("S1")), backend("terra"), backend("aurora", online=False, collections=None)
    )
    assert error.code == "CollectionNotFound"
    assert "What aurora can do is not known yet." in error.message


def test_while_no_backend_was_ever_reached_nothing_is_said_to_be_nowhere() -> None:
    unseen = [
        backend(name, online=False, collections=None, processes=None)
        for name in ("terra", "aurora")
    ]
    error = rejected(needs(a=load("S1")), *unseen)
    assert (error.status, error.code) == (503, "BackendUnavailable")
    assert "'terra' or 'aurora'" in error.message
    assert "aurora" not in rejected(needs(a=load("S1")), *unseen, explicit="terra").message


def test_a_message_stays_short_however_much_is_lacking() -> None:
    wanted = needs(**{f"n{n}": node(f"p{n}", x="y" * 5000) for n in range(200)})
    backends = [
        backend(f"b{b}", processes=[f"p{n}" for n in range(200) if n % 30 != b]) for b in range(30)
    ]
    error = rejected(wanted, *backends)
    assert error.code == "NoBackendForProcess"
    assert len(error.message) < 2100
    assert "20 other backends" in error.message


def test_an_unknown_name_of_any_length_makes_a_short_message() -> None:
    for wanted in (needs(a=load("S" * 100_000)), needs(a=node("p" * 100_000))):
        assert len(rejected(wanted, backend("terra")).message) < 500
