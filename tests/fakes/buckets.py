"""Object storage on this machine that speaks S3, and judges signatures and rights."""

from __future__ import annotations

import json
import logging
from dataclasses import dataclass
from functools import cache
from typing import Any

import boto3
import requests
from moto.server import ThreadedMotoServer

REGION = "us-east-1"


@dataclass(frozen=True)
class Account:
    """Somebody who may use one bucket."""

    access_key_id: str
    secret_access_key: str

    def parameters(self) -> dict[str, str]:
        """The parameters of a workspace."""
        return {**vars(self)}


@dataclass(frozen=True)
class ObjectStorage:
    """The storage at a URL, and its owner, who looks at it past all rights."""

    url: str
    owner: Any

    @property
    def authority(self) -> str:
        """Host and port."""
        return self.url.removeprefix("http://")

    def bucket(self, name: str) -> Account:
        """A new bucket, and somebody who may do everything with it and nothing else."""
        self.owner("s3").create_bucket(Bucket=name)
        iam, user = self.owner("iam"), f"user-of-{name}"
        iam.create_user(UserName=user)
        resources = [f"arn:aws:s3:::{name}", f"arn:aws:s3:::{name}/*"]
        statement = {"Effect": "Allow", "Action": "s3:*", "Resource": resources}
        document = {"Version": "2012-10-17", "Statement": [statement]}
        iam.put_user_policy(UserName=user, PolicyName="own", PolicyDocument=json.dumps(document))
        key = iam.create_access_key(UserName=user)["AccessKey"]
        return Account(key["AccessKeyId"], key["SecretAccessKey"])

    def contents(self, bucket: str) -> dict[str, bytes]:
        """All objects of a bucket by key."""
        s3 = self.owner("s3")
        listed = s3.list_objects_v2(Bucket=bucket).get("Contents", [])
        return {
            one["Key"]: s3.get_object(Bucket=bucket, Key=one["Key"])["Body"].read()
            for one in listed
        }


@cache
def object_storage() -> ObjectStorage:
    """Storage on a free port, in which nobody but its owner may do anything.

    There is one for all tests of a process, since the server's contents are those of the process;
    each test takes buckets of its own.
    """
    logging.getLogger("werkzeug").setLevel(logging.ERROR)
    server = ThreadedMotoServer(ip_address="127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    url = f"http://{host}:{port}"
    requests.post(f"{url}/moto-api/reset", timeout=10)
    iam = boto3.client(
        "iam",
        endpoint_url=url,
        region_name=REGION,
        aws_access_key_id="first",
        aws_secret_access_key="first",
    )
    iam.create_user(UserName="owner")
    everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [everything]})
    iam.put_user_policy(UserName="owner", PolicyName="all", PolicyDocument=document)
    key = iam.create_access_key(UserName="owner")["AccessKey"]
    # From now on every request must be signed by somebody known, who has the right to it.
    requests.post(f"{url}/moto-api/reset-auth", data="0", timeout=10)

    @cache
    def owner(service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=url,
            region_name=REGION,
            aws_access_key_id=key["AccessKeyId"],
            aws_secret_access_key=key["SecretAccessKey"],
        )

    return ObjectStorage(url, owner)
