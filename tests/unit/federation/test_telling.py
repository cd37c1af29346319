from scripts.federation.tour.telling import table_lines


def test_columns_are_as_wide_as_their_widest_cell() -> None:
    assert table_lines(("id", "terra"), [("SENTINEL2_L2A", "yes"), ("DEM", "-")]) == [
        "id             terra",
        "─────────────  ─────",
        "SENTINEL2_L2A  yes",
        "DEM            -",
    ]


def test_a_table_without_rows_has_its_titles() -> None:
    assert table_lines(("id",), []) == ["id", "──"]
