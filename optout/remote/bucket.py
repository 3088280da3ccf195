"""s3://BUCKET/KEY → signed addresses; the reading itself is that of any web address.

Credentials, profile, region and endpoint come from the usual chain of botocore: AWS_* variables,
the files in ~/.aws, the machine's role. Without any, the bucket is asked as anybody.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import unquote_plus

from optout.errors import DatasetError
from optout.fetched import Reply
from optout.remote.address import BucketAddress, bucket_address
from optout.remote.file import RemoteFile
from optout.remote.session import Session, Start

_SIGNED_FOR = 3600  # seconds
_XML = 16 * 2**20  # bytes of one page of a listing: a thousand keys
_MOST_FILES = 200_000
_REGION = "us-east-1"  # where none is configured, as in other tools
_REGION_NAME = re.compile(r"[a-z]{2}(-[a-z]+)+-[0-9]{1,2}")


@dataclass(frozen=True, slots=True)
class Bucket:
    """A bucket of S3, or of a server that speaks as it does."""

    at: BucketAddress
    session: Session

    def file(self, path: str) -> RemoteFile:
        """The object with the key `path`."""
        one = replace(self, at=replace(self.at, key=path))

        def begin() -> Start:
            return one._start("get_object", Key=path)

        return RemoteFile(self.session, str(one.at), begin, one._explain)

    def paths(self, folder: str) -> list[str]:
        """All keys that begin with `folder`."""
        return sorted(key for page in self._pages(folder) for key in page if key.isprintable())

    def _pages(self, prefix: str) -> Iterator[list[str]]:
        follow: dict[str, str] = {}
        listed = 0
        while True:
            keys, token = self._page({"Prefix": prefix, **follow})
            yield keys
            listed += len(keys)
            if not token or follow.get("ContinuationToken") == token:
                return
            if listed > _MOST_FILES:
                raise DatasetError(
                    f"{self.at} lists more than {_MOST_FILES:,} files", "name one of its folders"
                )
            follow = {"ContinuationToken": token}

    def _page(self, parameters: dict[str, str]) -> tuple[list[str], str]:
        def read(reply: Reply, start: Start) -> bytes:
            if reply.status != 200:
                raise self._explain(reply.status, reply.headers)
            return reply.first(_XML + 1)

        body = self.session.ask(
            lambda: self._start("list_objects_v2", **parameters), str(self.at), read
        )
        return _keys(body, self.at)

    def _start(self, method: str, **parameters: str) -> Start:
        url = _signed(self.session, method, Bucket=self.at.bucket, **parameters)
        self.session.door.begin_at(url)
        return Start(url)

    def _explain(self, status: int, headers: dict[str, str]) -> DatasetError:
        region = headers.get("x-amz-bucket-region", "")
        if status in (301, 307, 400) and _REGION_NAME.fullmatch(region):
            return DatasetError(
                f"the bucket {self.at.bucket} is in the region {region}",
                f"say so: AWS_REGION={region}",
            )
        if status in (400, 401, 403):
            return DatasetError(
                f"{self.at} is not given to everybody, or not with your credentials ({status})",
                "set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY; "
                "else ask the owner of the bucket",
            )
        if status == 404:
            return DatasetError(f"there is no {self.at} ({status})", "check bucket and key")
        return DatasetError(
            f"the server of {self.at} answered {status}", "check AWS_ENDPOINT_URL, or try later"
        )


def place(address: str, session: Session) -> Bucket:
    """The bucket of an s3:// address. Raises DatasetError for a bad address."""
    return Bucket(bucket_address(address), session)


def _signed(session: Session, method: str, **parameters: str) -> str:
    """An address of one request that holds its signature. Raises DatasetError."""
    from botocore.exceptions import BotoCoreError

    try:
        if session.signer is None:
            session.signer = _signer()
        url: str = session.signer.generate_presigned_url(method, parameters, _SIGNED_FOR)
    except (BotoCoreError, ValueError) as error:
        raise DatasetError(
            f"s3:// cannot be read: {str(error).splitlines()[0]}",
            "check AWS_PROFILE, AWS_ENDPOINT_URL and the files in ~/.aws",
        ) from error
    return url


def _signer() -> Any:
    """botocore's client: it signs and asks nothing, but its chain of credentials may."""
    import botocore
    import botocore.config
    import botocore.session

    session = botocore.session.get_session()
    anybody = session.get_credentials() is None
    version = botocore.UNSIGNED if anybody else "s3v4"
    region = session.get_config_variable("region") or _REGION
    config = botocore.config.Config(signature_version=version)
    return session.create_client("s3", region_name=region, config=config)


def _keys(body: bytes, at: BucketAddress) -> tuple[list[str], str]:
    """Keys of one page of a listing, and the token of the next."""
    import defusedxml
    from defusedxml import ElementTree

    try:
        root = ElementTree.fromstring(body)
    except (defusedxml.DefusedXmlException, ElementTree.ParseError, ValueError) as error:
        raise DatasetError(
            f"the server of {at} does not list its keys as S3 does", "check AWS_ENDPOINT_URL"
        ) from error
    keys = [found.text or "" for found in root.iterfind("{*}Contents/{*}Key")]
    if root.findtext("{*}EncodingType") == "url":  # what botocore asks for
        keys = [unquote_plus(key) for key in keys]
    return keys, root.findtext("{*}NextContinuationToken") or ""
