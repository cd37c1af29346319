import pytest

from aggregator.routing import owner_by_address
from aggregator.routing.references import owner_by_id
from aggregator.routing.rules.references import judge
from tests.unit.routing.documents import backend, needs, node, said

BY_ID = owner_by_id(("terra", "aurora"))
BY_ADDRESS = owner_by_address(
    {"terra": ["https://terra.example/1.3"], "aurora": ["https://aurora.example/1.2"]},
    federation=["https://federation.example/openeo"],
)


@pytest.mark.parametrize("process", ["load_result", "load_ml_model"])
def test_a_job_is_wanted_where_it_is(process: str) -> None:
    wanted = needs(a=node(process, id="aurora-j-1"))
    assert said(judge, wanted, backend("aurora"), owner_of=BY_ID) == []
    (text,) = said(judge, wanted, backend("terra"), owner_of=BY_ID)
    assert text.startswith("does not hold the ")
    assert text.endswith(" 'aurora-j-1': backend 'aurora' does (node 'a')")


def test_a_job_is_wanted_where_it_is_also_beside_what_anybody_can_read() -> None:
    stac = node("load_stac", url="https://elsewhere.example/collection.json")
    wanted = needs(a=stac, b=node("load_result", id="aurora-j-1"))
    (text,) = said(judge, wanted, backend("terra"), owner_of=BY_ID)
    assert text.endswith(" 'aurora-j-1': backend 'aurora' does (node 'b')")


def test_an_export_is_wanted_where_its_workspace_is() -> None:
    wanted = needs(a=node("export_workspace", workspace="aurora-w-1"))
    assert said(judge, wanted, backend("aurora"), owner_of=BY_ID) == []
    assert said(judge, wanted, backend("terra"), owner_of=BY_ID) == [
        "does not hold the workspace 'aurora-w-1': backend 'aurora' does (node 'a')"
    ]


def test_results_without_a_signature_are_wanted_where_they_are() -> None:
    for url in (
        "https://federation.example/openeo/jobs/aurora-1/results",
        "https://aurora.example/1.2/jobs/1/results",
    ):
        wanted = needs(a=node("load_stac", url=url))
        assert said(judge, wanted, backend("aurora"), owner_of=BY_ADDRESS) == []
        assert said(judge, wanted, backend("terra"), owner_of=BY_ADDRESS) == [
            f"does not hold the results at '{url}': backend 'aurora' does (node 'a')"
        ]


@pytest.mark.parametrize(
    "url",
    [
        "https://aurora.example/1.2/jobs/1/results?signature=abc&expires=1",
        "https://aurora.example/1.2/jobs/1/results/c2lnbmVk",
        "https://elsewhere.example/stac/collection.json",
        "https://elsewhere.example/jobs/1/results",
    ],
)
def test_what_anybody_may_read_restricts_nothing(url: str) -> None:
    wanted = needs(a=node("load_stac", url=url))
    assert said(judge, wanted, backend("terra"), owner_of=BY_ADDRESS) == []


def test_an_id_that_names_no_backend_is_the_own_one_of_the_backend_asked_for() -> None:
    wanted = needs(a=node("load_result", id="j-1"))
    assert said(judge, wanted, backend("terra"), owner_of=BY_ID) == [
        "is not known to hold the results of 'j-1': the id does not begin with a backend's "
        "(node 'a')"
    ]
    assert said(judge, wanted, backend("terra"), owner_of=BY_ID, explicit="terra") == []
