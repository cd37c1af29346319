import pytest

from aggregator.errors import (
    BackendError,
    BackendFailure,
    BackendTimeout,
    BackendUnavailable,
    CollectionNotFound,
    NoBackendForProcess,
    NotFound,
    OpenEOError,
    PaymentRequired,
)


def test_an_error_is_a_code_and_a_message_and_the_reference_to_find_it_by() -> None:
    assert CollectionNotFound("S9", "Did you mean 'S2'?").as_json("r-17") == {
        "id": "r-17",
        "code": "CollectionNotFound",
        "message": "There is no collection 'S9' in this federation. Did you mean 'S2'?",
    }


def test_an_error_without_a_reference_has_no_id() -> None:
    assert set(NotFound().as_json()) == {"code", "message"}


def test_links_and_headers_go_with_the_error() -> None:
    error = PaymentRequired(links=[{"href": "https://a/b", "rel": "payment"}], headers={"X": "1"})
    assert error.as_json()["links"] == [{"href": "https://a/b", "rel": "payment"}]
    assert error.headers == {"X": "1"}
    assert error.status == 402


def test_a_url_is_kept_for_clients_of_the_first_version() -> None:
    assert NotFound(url="https://a/help").as_json()["url"] == "https://a/help"


def test_a_message_of_ones_own_replaces_the_usual_one() -> None:
    assert str(NotFound("No such page.")) == "No such page."


def test_a_backends_error_arrives_with_its_status_code_message_and_headers() -> None:
    error = BackendError(
        "terra",
        status=429,
        code="TooManyRequests",
        message="Slow down.",
        upstream_id="t-99",
        headers={"Retry-After": "30"},
    )
    assert (error.status, error.code, error.message) == (429, "TooManyRequests", "Slow down.")
    assert error.headers == {"Retry-After": "30"}
    assert error.as_json("r-1") == {
        "id": "r-1",
        "code": "TooManyRequests",
        "message": "Slow down. (from backend 'terra', its reference t-99)",
        "federation:backends": ["terra"],
    }


def test_one_backends_error_leaves_other_errors_of_the_class_alone() -> None:
    BackendError("terra", status=402, code="PaymentRequired", message="Pay.")
    assert BackendError.code == "BackendError"
    assert OpenEOError.status == 500


@pytest.mark.parametrize(
    ("error", "status", "words"),
    [
        (BackendUnavailable("terra"), 503, ["'terra'", "cannot be reached"]),
        (BackendUnavailable(["terra", "aurora"]), 503, ["'terra' or 'aurora'"]),
        (BackendTimeout("terra", 2.5), 504, ["'terra'", "within 2.5 seconds"]),
        (BackendFailure("terra", "TLS", "expired"), 502, ["'terra'", "TLS", "expired"]),
    ],
)
def test_a_failing_backend_is_named(error: OpenEOError, status: int, words: list[str]) -> None:
    assert error.status == status
    assert all(word in error.message for word in words)
    assert "terra" in error.as_json()["federation:backends"]


def test_what_each_backend_lacks_is_also_data() -> None:
    error = NoBackendForProcess("None can.", {"terra": ["has no process 'ndvi'"]})
    assert error.as_json()["federation:lacking"] == {"terra": ["has no process 'ndvi'"]}
