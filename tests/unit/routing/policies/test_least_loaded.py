from tests.unit.routing.policies.documents import in_order, ranked


def test_the_fewest_jobs_under_way_come_first() -> None:
    queues = {"terra": 3, "aurora": 0, "boreal": 1}
    assert in_order(ranked("least_loaded", queues=queues, latencies={"aurora": 0.08})) == in_order(
        {
            "aurora": "least loaded: 0 jobs under way and answers within 80 ms; "
            "next is boreal: 1 job under way",
            "boreal": "1 job under way",
            "terra": "3 jobs under way",
        }
    )


def test_twice_the_weight_has_twice_the_room() -> None:
    found = ranked(
        "least_loaded", ("terra", "aurora"), queues={"terra": 2, "aurora": 3}, weights={"aurora": 2}
    )
    assert [*found] == ["aurora", "terra"]
    assert "least loaded: 3 jobs under way for a weight of 2" in found["aurora"]


def test_of_as_many_jobs_the_one_that_answers_in_half_the_time_comes_first() -> None:
    queues = {"terra": 1, "aurora": 1}
    latencies = {"terra": 0.9, "aurora": 0.2}
    assert [*ranked("least_loaded", ("terra", "aurora"), queues=queues, latencies=latencies)] == [
        "aurora",
        "terra",
    ]


def test_a_little_more_speed_is_noise_and_changes_nothing() -> None:
    queues, latencies = {"terra": 1, "aurora": 1}, {"terra": 0.100, "aurora": 0.070}
    found = ranked("least_loaded", ("terra", "aurora"), queues=queues, latencies=latencies)
    assert [*found] == ["terra", "aurora"]
    assert found["terra"].startswith("as little loaded as aurora: 1 job under way")


def test_who_answers_slowly_is_still_before_who_has_more_jobs() -> None:
    queues, latencies = {"terra": 1, "aurora": 0}, {"terra": 0.01, "aurora": 4.0}
    assert [*ranked("least_loaded", ("terra", "aurora"), queues=queues, latencies=latencies)] == [
        "aurora",
        "terra",
    ]


def test_what_is_not_known_comes_after_what_is_and_says_so() -> None:
    assert in_order(
        ranked("least_loaded", queues={"boreal": 9}, latencies={"aurora": 0.01})
    ) == in_order(
        {
            "boreal": "least loaded: 9 jobs under way; "
            "next is aurora: an unknown number of jobs under way and answers within 10 ms",
            "aurora": "an unknown number of jobs under way and answers within 10 ms",
            "terra": "its load is not known",
        }
    )


def test_a_backend_without_weight_comes_after_all_whose_jobs_are_known() -> None:
    found = ranked("least_loaded", queues={"terra": 0, "aurora": 50}, weights={"terra": 0})
    assert [*found] == ["aurora", "terra", "boreal"]
