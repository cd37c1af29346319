"""Addresses of buckets."""

from __future__ import annotations

import pytest

from backends.workspaces.places import BucketPlace, bucket_place


def test_the_first_part_of_the_path_is_the_bucket_and_the_rest_a_prefix() -> None:
    place = bucket_place("https://s3.example.org:9000/maps/of%20alice/2024/", "eu-1")
    assert place == BucketPlace(
        "https://s3.example.org:9000", "maps", "of alice/2024/", "eu-1", virtual=False
    )
    assert place.url == "https://s3.example.org:9000/maps/of%20alice/2024"
    assert BucketPlace.from_json(place.as_json()) == place


def test_at_amazon_the_bucket_may_stand_in_the_host() -> None:
    place = bucket_place("https://my-bucket.s3.eu-west-3.amazonaws.com/x", "eu-west-3")
    assert place == BucketPlace(
        "https://s3.eu-west-3.amazonaws.com", "my-bucket", "x/", "eu-west-3", virtual=True
    )
    assert place.url == "https://my-bucket.s3.eu-west-3.amazonaws.com/x"
    assert BucketPlace.from_json(place.as_json()) == place


@pytest.mark.parametrize(
    ("url", "problem"),
    [
        ("s3://maps", "no http or https"),
        ("file:///etc", "no http or https"),
        ("https://", "no http or https"),
        ("https://alice:secret@s3.example.org/maps", "user name"),
        ("https://s3.example.org/maps?versionId=1", "query"),
        ("https://s3.example.org/", "names no bucket"),
        ("https://s3.example.org/ab", "'ab' cannot be"),
        ("https://s3.example.org/Maps", "'Maps' cannot be"),
        ("https://s3.example.org/a..b", "'a..b' cannot be"),
        ("https://s3.example.org/arn:aws:s3:us-east-1:1:accesspoint", "cannot be"),
        ("https://s3.example.org/maps--use1-az4--x-s3", "cannot be"),
        (f"https://s3.example.org/{'a' * 64}", "cannot be"),
        ("https://s3.example.org/maps/../others", "holds what no path should"),
        ("https://s3.example.org/maps/%2e%2e/others", "holds what no path should"),
        ("https://s3.example.org/maps/a%2fb", "holds what no path should"),
        ("https://s3.example.org/maps/%00", "holds what no path should"),
        (f"https://s3.example.org/maps/{'a' * 501}", "too long"),
    ],
)
def test_what_is_no_address_of_a_bucket_is_refused(url: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem) as caught:
        bucket_place(url, "us-east-1")
    assert "secret" not in str(caught.value)
