"""Where in the web a bucket is: its address, read and checked."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote, unquote, urlsplit

PREFIX_BYTES: Final = 500
"""What stands before the files of a workspace in their keys may be so long."""

_BUCKET: Final = re.compile(r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
_AMAZON: Final = re.compile(r"(.+)\.(s3[.-](?:[a-z0-9-]+\.)?amazonaws\.com(?:\.cn)?)")


@dataclass(frozen=True)
class BucketPlace:
    """Where a bucket is. ``prefix`` is empty, or ends with a slash.

    ``virtual``: the bucket is a part of the host's name, which ``endpoint`` does not have.
    """

    endpoint: str
    bucket: str
    prefix: str = ""
    region: str = "us-east-1"
    virtual: bool = False

    @property
    def url(self) -> str:
        """The address of the bucket, or of the part of it that is used."""
        scheme, _, host = self.endpoint.partition("://")
        if self.virtual:
            return f"{scheme}://{self.bucket}.{host}/{quote(self.prefix)}".rstrip("/")
        return f"{self.endpoint}/{self.bucket}/{quote(self.prefix)}".rstrip("/")

    def as_json(self) -> dict[str, str]:
        """What is stored of it."""
        return {**vars(self), "virtual": "yes" if self.virtual else ""}

    @classmethod
    def from_json(cls, document: Mapping[str, str]) -> "BucketPlace":
        """The place again."""
        return cls(**{**document, "virtual": bool(document["virtual"])})  # type: ignore[arg-type]


def bucket_place(url: str, region: str) -> BucketPlace:
    """The bucket at an address: ``https://HOST/BUCKET/PREFIX``, or Amazon's with the bucket first.

    Raises ``ValueError``, which says what is wrong with it.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError("it is no http or https URL")
    if parts.username is not None or parts.query or parts.fragment:
        raise ValueError("it holds a user name, a query or a fragment")
    names = [unquote(name) for name in parts.path.split("/") if name]
    amazon = _AMAZON.fullmatch(parts.netloc)
    if amazon is None and not names:
        raise ValueError("it names no bucket, as in https://HOST/BUCKET")
    bucket, host = (amazon[1], amazon[2]) if amazon else (names.pop(0), parts.netloc)
    if not is_bucket_name(bucket):
        raise ValueError(f"'{bucket[:80]}' cannot be the name of a bucket")
    prefix = "".join(f"{name}/" for name in names)
    if len(prefix.encode()) > PREFIX_BYTES or any(map(_strange, names)):
        raise ValueError("its path is too long, or holds what no path should")
    return BucketPlace(f"{parts.scheme}://{host}", bucket, prefix, region, amazon is not None)


def is_bucket_name(name: str) -> bool:
    """Whether it is the name of an ordinary bucket, and not of something that leads elsewhere.

    Source: Amazon S3, Bucket naming rules; what ends with ``--x-s3`` and the like is no bucket.
    """
    return _BUCKET.fullmatch(name) is not None and ".." not in name and "--" not in name


def _strange(name: str) -> bool:
    return name in (".", "..") or "/" in name or "\\" in name or not name.isprintable()
