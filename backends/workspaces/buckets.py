"""Workspaces that are buckets of S3-compatible object storage.

boto3 knows the protocol and signs; every request goes out through the address policy, which
connects to judged addresses only and follows no redirect.
"""

import contextlib
import io
import logging
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

import boto3
import botocore.session
from boto3.s3.transfer import TransferConfig
from botocore.awsrequest import AWSResponse
from botocore.config import Config
from botocore.exceptions import BotoCoreError, ClientError, EndpointConnectionError

from backends.addresses import AddressPolicy, body, sent
from backends.errors import OpenEOError, parameter_invalid
from backends.workspaces.places import BucketPlace
from backends.workspaces.records import State, unavailable
from backends.workspaces.storage import DOCUMENT_BYTES, ChangedError, Stored

PART_BYTES: Final = 16 * 2**20
"""How much is sent at once; what is larger goes in several parts."""
PART_SECONDS: Final = 120.0
LOOK_SECONDS: Final = 5.0
"""How long anybody waits to be told how a bucket is."""
TRIES: Final = 3
_CODE: Final = re.compile(r"[A-Za-z0-9]{1,60}")
_FORBIDDEN: Final = frozenset(
    {"403", "AccessDenied", "AllAccessDisabled", "InvalidAccessKeyId", "SignatureDoesNotMatch"}
)
_CHANGED: Final = frozenset({"412", "PreconditionFailed", "409", "ConditionalRequestConflict"})
_UNKNOWN: Final = frozenset({"404", "NoSuchKey"})

# At its lowest level botocore tells the log what it signs.
logging.getLogger("botocore").setLevel(logging.INFO)


@dataclass(frozen=True)
class Way:
    """How requests get out: to which addresses, and how long each may take in seconds."""

    policy: AddressPolicy
    seconds: float = PART_SECONDS
    tries: int = TRIES


class BucketStorage:
    """One bucket. ``secrets`` are the credentials of its owner."""

    def __init__(self, place: BucketPlace, secrets: Mapping[str, str], way: Way) -> None:
        self._place = place
        self._client = _client(place, secrets, way)
        self._conditions = True

    def state(self) -> State:
        """Whether the credentials open the bucket."""
        try:
            with _failing(self._place):
                self._client.head_bucket(Bucket=self._place.bucket)
        except OpenEOError as error:
            return State(problem=error.message, url=self._place.url)
        known = {"region": self._place.region, "bucket": self._place.bucket}
        return State(url=self._place.url, properties=known)

    def holds(self, path: str, size: int) -> bool:
        """Whether there is an object of that key and size."""
        with _failing(self._place):
            try:
                found = self._client.head_object(**self._named(path))
            except ClientError as error:
                if _code(error) in _UNKNOWN:
                    return False
                raise
        return bool(found["ContentLength"] == size)

    def put(self, path: str, file: Path, media_type: str) -> None:
        """Upload the file, in parts if it is large."""
        one_after_the_other = TransferConfig(
            multipart_threshold=PART_BYTES, multipart_chunksize=PART_BYTES, use_threads=False
        )
        with _failing(self._place):
            self._client.upload_file(
                str(file),
                *self._named(path).values(),
                ExtraArgs={"ContentType": media_type},
                Config=one_after_the_other,
            )

    def read(self, path: str) -> Stored | None:
        """The document, if there is one."""
        with _failing(self._place):
            try:
                found = self._client.get_object(**self._named(path))
            except ClientError as error:
                if _code(error) in _UNKNOWN:
                    return None
                raise
            except _TooLargeError:
                text = f"'{path}' is larger than {DOCUMENT_BYTES} bytes."
                raise parameter_invalid("export_workspace", "merge", text) from None
            return Stored(found["Body"].read(), str(found.get("ETag", "")))

    def write(self, path: str, content: bytes, media_type: str, *, instead_of: str = "") -> None:
        """Write the document if nobody else did; where the storage knows no conditions, always."""
        condition = {"IfMatch": instead_of} if instead_of else {"IfNoneMatch": "*"}
        with _failing(self._place):
            try:
                self._put(path, content, media_type, condition if self._conditions else {})
            except ClientError as error:
                if _code(error) in _CHANGED:
                    raise ChangedError(path) from None
                if _code(error) not in ("501", "NotImplemented"):
                    raise
                self._put(path, content, media_type, {})

    def overwrite(self, path: str, content: bytes, media_type: str) -> None:
        """Write the document."""
        with _failing(self._place):
            self._put(path, content, media_type, {})

    def remove(self, path: str) -> None:
        """Remove the object."""
        with _failing(self._place):
            self._client.delete_object(**self._named(path))

    def _put(
        self, path: str, content: bytes, media_type: str, condition: Mapping[str, str]
    ) -> None:
        self._client.put_object(
            **self._named(path), Body=content, ContentType=media_type, **condition
        )

    def _named(self, path: str) -> dict[str, str]:
        return {"Bucket": self._place.bucket, "Key": f"{self._place.prefix}{path}"}


class _TooLargeError(Exception):
    """An answer is larger than any that is waited for."""


class _Body(io.BytesIO):
    """An answer's content as botocore reads it."""

    def stream(self, amt: int = 65536, **_options: Any) -> Iterator[bytes]:
        while chunk := self.read(amt):
            yield chunk


class _Sender:
    """Sends what botocore has signed, in the place of its own connections."""

    def __init__(self, way: Way) -> None:
        self._way = way

    def __call__(self, request: Any, **_event: Any) -> AWSResponse:
        # Nobody waits for leave to send a body: the deadline is for all of it.
        headers = {name: _text(request.headers[name]) for name in request.headers}
        headers = {name: value for name, value in headers.items() if name.lower() != "expect"}
        headers["Accept-Encoding"] = "identity"
        try:
            with sent(
                request.method,
                request.url,
                self._way.policy,
                headers=headers,
                content=request.body,
                deadline=self._way.seconds,
            ) as answer:
                content = (
                    b"" if request.method == "HEAD" else body(request.url, answer, DOCUMENT_BYTES)
                )
                raw = _Body(content)
                return AWSResponse(request.url, answer.status, _Headers(answer.getheaders()), raw)
        except OpenEOError as error:
            if error.code == "FileSizeExceeded":
                raise _TooLargeError from None
            if error.code == "UrlNotAvailable":
                # So that botocore knows that it may try again.
                raise EndpointConnectionError(endpoint_url=request.url) from error
            raise


class _Headers(dict[str, str]):
    """Headers by their names in any case, as botocore looks for them."""

    def __init__(self, pairs: list[tuple[str, str]]) -> None:
        super().__init__({name.lower(): value for name, value in pairs})

    def __getitem__(self, name: str) -> str:
        return super().__getitem__(name.lower())

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and super().__contains__(name.lower())

    def get(self, name: str, default: Any = None) -> Any:
        return super().get(name.lower(), default)


def _client(place: BucketPlace, secrets: Mapping[str, str], way: Way) -> Any:
    """A client with these credentials and no others, whatever the machine knows."""
    session = botocore.session.Session(session_vars={"profile": (None, None, None, None)})
    for name in ("config_file", "credentials_file"):
        session.set_config_variable(name, "/dev/null")
    client = boto3.session.Session(botocore_session=session).client(
        "s3",
        endpoint_url=place.endpoint,
        region_name=place.region,
        aws_access_key_id=secrets.get("access_key_id", ""),
        aws_secret_access_key=secrets.get("secret_access_key", ""),
        aws_session_token=secrets.get("session_token"),
        config=Config(
            signature_version="s3v4",
            retries={"total_max_attempts": way.tries, "mode": "standard"},
            # Other storage than Amazon's knows no checksums in trailers.
            request_checksum_calculation="when_required",
            response_checksum_validation="when_required",
            s3={"addressing_style": "virtual" if place.virtual else "path"},
        ),
    )
    client.meta.events.register("before-call.s3", _stay)
    client.meta.events.register("before-send.s3", _Sender(way))
    return client


def _stay(context: dict[str, Any], **_event: Any) -> None:
    """Tell botocore that it has followed a redirect already.

    It would ask the server where a bucket is for as long as the server redirects.
    """
    context.setdefault("s3_redirect", {})["redirected"] = True


@contextlib.contextmanager
def _failing(place: BucketPlace) -> Iterator[None]:
    """What goes wrong at the storage, in openEO's words and without a secret."""
    try:
        yield
    except ClientError as error:
        raise _refused(_code(error), place) from None
    except _TooLargeError:
        raise unavailable("its storage answers with more than anybody reads") from None
    except EndpointConnectionError as error:
        reason = error.__cause__.message if isinstance(error.__cause__, OpenEOError) else ""
        raise unavailable(reason.rstrip(".") or "its storage does not answer") from None
    except (BotoCoreError, boto3.exceptions.Boto3Error, ValueError) as error:
        named = type(error).__name__
        raise unavailable(f"its storage is not understood ({named})") from None


def _refused(code: str, place: BucketPlace) -> OpenEOError:
    shown = code if _CODE.fullmatch(code) else "unknown"
    if code in _FORBIDDEN:
        return unavailable(f"the credentials do not open the bucket '{place.bucket}' ({shown})")
    if code in ("404", "NoSuchBucket"):
        return unavailable(f"there is no bucket '{place.bucket}' ({shown})")
    if code in ("301", "307", "PermanentRedirect", "TemporaryRedirect"):
        return unavailable(
            f"the bucket '{place.bucket}' is elsewhere; the region '{place.region}' may be wrong"
        )
    return unavailable(f"the storage refuses ({shown})")


def _code(error: ClientError) -> str:
    return str(error.response.get("Error", {}).get("Code", ""))


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value
