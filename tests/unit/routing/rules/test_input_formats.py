from aggregator.routing.rules.input_formats import judge
from tests.unit.routing.documents import Json, backend, needs, node, said

FORMATS: Json = {"input": {"GeoJSON": {}}, "output": {"GTiff": {}}}


def test_a_format_that_is_not_read_is_named() -> None:
    wanted = needs(a=node("load_uploaded_files", paths=["a.tif"], format="GTiff"))
    assert said(judge, wanted, backend(file_formats=FORMATS)) == [
        "does not read format 'GTiff' (node 'a')"
    ]


def test_the_case_of_a_format_does_not_matter() -> None:
    wanted = needs(a=node("load_url", url="https://a/b", format="geojson"))
    assert said(judge, wanted, backend(file_formats=FORMATS)) == []


def test_formats_that_are_not_published_restrict_nothing() -> None:
    wanted = needs(a=node("load_url", url="https://a/b", format="PNG"))
    assert said(judge, wanted, backend()) == []
