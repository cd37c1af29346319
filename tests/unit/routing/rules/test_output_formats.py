from aggregator.routing.rules.output_formats import judge
from tests.unit.routing.documents import Json, backend, load, needs, node, ref, said

FORMATS: Json = {"input": {"GeoJSON": {}}, "output": {"GTiff": {}, "netCDF": {}}}


def test_a_format_that_is_not_written_is_named() -> None:
    wanted = needs(a=load(), s=node("save_result", data=ref("a"), format="PNG"))
    assert said(judge, wanted, backend(file_formats=FORMATS)) == [
        "does not write format 'PNG' (node 's')"
    ]


def test_the_case_of_a_format_does_not_matter() -> None:
    wanted = needs(a=load(), s=node("save_result", data=ref("a"), format="NETCDF"))
    assert said(judge, wanted, backend(file_formats=FORMATS)) == []


def test_a_format_that_is_only_read_is_not_written() -> None:
    wanted = needs(a=load(), s=node("save_result", data=ref("a"), format="GeoJSON"))
    assert len(said(judge, wanted, backend(file_formats=FORMATS))) == 1


def test_every_save_counts_not_only_the_result() -> None:
    wanted = needs(
        a=load(),
        s=node("save_result", data=ref("a"), format="PNG"),
        t=node("save_result", data=ref("a"), format="GTiff"),
    )
    assert said(judge, wanted, backend(file_formats=FORMATS)) == [
        "does not write format 'PNG' (node 's')"
    ]


def test_formats_that_are_not_published_restrict_nothing() -> None:
    wanted = needs(a=load(), s=node("save_result", data=ref("a"), format="PNG"))
    assert said(judge, wanted, backend()) == []
