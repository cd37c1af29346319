import pytest

from aggregator.routing import owner_by_address
from aggregator.routing.references import is_own_results, is_script, owner_by_id


def test_a_federated_id_has_an_owner_and_nothing_else_has() -> None:
    owner_of = owner_by_id(("terra",))
    assert owner_of("terra-1-2") == "terra"
    assert owner_of("aurora-1") is None
    assert owner_of("https://terra-1.example/") is None


@pytest.mark.parametrize(
    ("reference", "owner"),
    [
        ("terra-1", "terra"),
        ("https://host/terra/1.3/jobs/1/results", "terra"),
        ("https://host/terra/1.3/files", "terra"),
        ("https://host/terra/1.30/files", None),
        ("https://host/terra/1.3/sub/jobs/1", "aurora"),
        ("https://federation/openeo/jobs/aurora-1/results", "aurora"),
        ("https://federation/openeo/1.3/jobs/aurora-1/results", "aurora"),
        ("https://federation/openeo/jobs/nobody-1/results", None),
        ("https://federation/openeo/collections", None),
        ("https://elsewhere/", None),
    ],
)
def test_the_longest_address_that_fits_decides(reference: str, owner: str | None) -> None:
    owner_of = owner_by_address(
        {"terra": ["https://host/terra/1.3"], "aurora": ["https://host/terra/1.3/sub/"]},
        federation=["https://federation/openeo/", "https://federation/openeo/1.3"],
    )
    assert owner_of(reference) == owner


@pytest.mark.parametrize(
    ("address", "own"),
    [
        ("https://a/openeo/jobs/1/results", True),
        ("https://a/openeo/jobs/1/results?partial=true", False),
        ("https://a/openeo/jobs/1/results/c2ln", False),
        ("https://a/files?signed=/jobs/1/results", False),
        ("https://a/openeo/jobs/1", False),
        ("https://a/openeo/jobs/1/logs", False),
        ("https://a/results", False),
    ],
)
def test_results_of_ones_own_have_a_plain_address(address: str, own: bool) -> None:
    assert is_own_results(address) is own


def test_an_address_has_an_owner_also_where_it_is_plain_http() -> None:
    owner_of = owner_by_address({"terra": ["http://127.0.0.1:8101/openeo/1.3"]})
    assert owner_of("http://127.0.0.1:8101/openeo/1.3/jobs/1/results") == "terra"


@pytest.mark.parametrize("udf", ["terra/a.py", "a.R", "deep/my script.py"])
def test_the_path_of_a_script_is_no_code(udf: str) -> None:
    assert is_script(udf)


@pytest.mark.parametrize(
    "udf",
    ["def f(x):\n    return x.py", "print(a.py", "x/2", "https://a.example/b.py", "x = a.py"],
)
def test_code_and_addresses_are_no_paths_of_scripts(udf: str) -> None:
    assert not is_script(udf)
