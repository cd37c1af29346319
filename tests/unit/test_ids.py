import pytest
from hypothesis import given
from hypothesis import strategies as st

from aggregator.ids import (
    CursorError,
    IdentifierError,
    decode_cursor,
    encode_cursor,
    federate,
    is_backend_id,
    split,
)

BACKENDS = {"terra", "aurora", "b_2"}


def test_a_federated_id_begins_with_its_backend() -> None:
    assert federate("terra", "j-17") == "terra-j-17"
    assert split("terra-j-17", BACKENDS) == ("terra", "j-17")


@given(st.sampled_from(sorted(BACKENDS)), st.text(min_size=1))
def test_any_id_of_a_backend_survives_being_federated(backend: str, local_id: str) -> None:
    assert split(federate(backend, local_id), BACKENDS) == (backend, local_id)


@pytest.mark.parametrize("foreign", ["", "terra", "terra-", "-17", "boreal-17", "Terra-17", "17"])
def test_an_id_of_no_backend_is_refused(foreign: str) -> None:
    with pytest.raises(IdentifierError):
        split(foreign, BACKENDS)


@pytest.mark.parametrize("backend", ["ter-ra", "Terra", "", "2b", "a b", "a\n"])
def test_a_backend_id_that_could_not_be_split_off_is_refused(backend: str) -> None:
    assert not is_backend_id(backend)
    with pytest.raises(ValueError, match="backend"):
        federate(backend, "17")


def test_an_empty_id_is_refused() -> None:
    with pytest.raises(ValueError, match="empty"):
        federate("terra", "")


@given(st.dictionaries(st.text(), st.none() | st.integers() | st.text()))
def test_a_cursor_gives_back_the_position(position: dict[str, str | int | None]) -> None:
    cursor = encode_cursor(position)
    assert decode_cursor(cursor) == position
    assert set(cursor) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")


@pytest.mark.parametrize(
    "text",
    [
        *(
            "",
            "!",
            "é",
            "AAAA",
            "W10",
            "bnVsbA",
            "eyJhIjpbXX0",
            "eyJhIjp0cnVlfQ",
            "eyJhIjoxLjV9",
            "A",
        ),
        "eyJhIjoiXHVkODAwIn0",  # {"a":"\\ud800"}
        "eyJcdWRjMDAiOjF9",  # {"\\udc00":1}
    ],
)
def test_what_is_no_cursor_is_refused(text: str) -> None:
    with pytest.raises(CursorError):
        decode_cursor(text)


@given(st.text(max_size=40))
def test_no_text_breaks_the_reading_of_cursors(text: str) -> None:
    try:
        decoded = decode_cursor(text)
    except CursorError:
        return
    assert isinstance(decoded, dict)
