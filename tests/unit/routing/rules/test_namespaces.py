import pytest

from aggregator.routing.rules.namespaces import judge
from tests.unit.routing.documents import backend, needs, node, said

REMOTE = {"conformsTo": ["https://api.openeo.org/extensions/remote-process-definition/0.1.0"]}


def test_the_namespace_of_one_backend_is_wanted_there() -> None:
    wanted = needs(a=node("ndvi", namespace="aurora"))
    assert said(judge, wanted, backend("aurora")) == []
    assert said(judge, wanted, backend("terra")) == [
        "is not backend 'aurora', whose process 'ndvi' is asked for (node 'a')"
    ]


def test_the_backend_must_have_the_process_of_its_namespace() -> None:
    wanted = needs(a=node("evi", namespace="terra"))
    assert said(judge, wanted, backend("terra")) == ["has no process 'evi' (node 'a')"]


@pytest.mark.parametrize("scheme", ["https", "http"])
def test_a_process_at_an_address_needs_a_backend_that_fetches_it(scheme: str) -> None:
    wanted = needs(a=node("evi", namespace=f"{scheme}://example.org/evi.json"))
    assert said(judge, wanted, backend(capabilities=REMOTE)) == []
    assert said(judge, wanted, backend()) == [
        "does not fetch processes, such as 'evi', from an address (node 'a')"
    ]


def test_a_namespace_of_another_kind_is_the_backends_own_affair() -> None:
    assert said(judge, needs(a=node("evi", namespace="u:4711")), backend()) == []
