from aggregator.routing.suggestions import closest, enumerated, shortened


def test_a_misspelt_name_is_recognised() -> None:
    known = ["SENTINEL2_L2A", "SENTINEL1_GRD", "COPERNICUS_30"]
    assert closest("SENTINEL2_L2B", known)[0] == "SENTINEL2_L2A"
    assert closest("sentinel2_l2a", known)[0] == "SENTINEL2_L2A"
    assert closest("ndwi", ["ndvi", "mean"]) == ["ndvi"]


def test_nothing_is_suggested_where_nothing_is_near() -> None:
    assert closest("MODIS", ["SENTINEL2_L2A", "mean"]) == []
    assert closest("", ["a"]) == []


def test_long_lists_are_counted() -> None:
    assert enumerated(["a", "b"]) == "a, b"
    assert enumerated(["a", "b", "c"], " or ", 2) == "a or b and 1 more"


def test_what_would_spoil_a_line_is_replaced() -> None:
    assert shortened("a\x1b[31m\n") == "a�[31m�"
    assert shortened("x" * 500, 10) == "x" * 9 + "…"
