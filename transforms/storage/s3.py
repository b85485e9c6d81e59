"""S3 and what speaks its protocol, with the flags of Beam."""

import errno
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from itertools import islice
from pathlib import Path

import boto3
from apache_beam.io.filesystems import FileSystems
from apache_beam.options.pipeline_options import PipelineOptions, S3Options
from boto3.exceptions import Boto3Error
from botocore.config import Config
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    HTTPClientError,
    IncompleteReadError,
    NoCredentialsError,
    ParamValidationError,
    PartialCredentialsError,
)

from transforms.storage.store import CONNECTIONS, StoredFile, object_name, split_url

_DELETED_AT_ONCE = 1000  # S3 takes no more in one request
_MISSING = ("404", "NoSuchKey", "NoSuchBucket", "NotFound")
_REFUSED = (
    "401", "403", "AccessDenied", "AllAccessDisabled", "AccountProblem", "InvalidAccessKeyId", "InvalidToken",
    "SignatureDoesNotMatch", "ExpiredToken", "Forbidden", "Unauthorized", "RequestTimeTooSkewed",
)  # fmt: skip
_PAST_THE_END = ("InvalidRange", "416")

# Of one request, the first included; what lies between them grows to half a minute, together RETRY_SECONDS at most.
_ATTEMPTS = 7


class S3Store:
    """Objects of S3, see `Store`. Credentials are those of Beam's flags or of boto3's own chain."""

    def __init__(self) -> None:
        """Connects with the options of the run: Beam sets those of its file systems in workers, too."""
        options = (FileSystems._pipeline_options or PipelineOptions([])).view_as(S3Options)
        # As Beam's own client, but for the number of connections and attempts. May be used by several threads.
        # Not the standard mode of retries: all threads together may try so few times that a short fault is too long.
        try:
            self._client = boto3.session.Session().client(
                service_name="s3",
                region_name=options.s3_region_name,
                api_version=options.s3_api_version,
                use_ssl=not options.s3_disable_ssl,
                verify=options.s3_verify,
                endpoint_url=options.s3_endpoint_url,
                aws_access_key_id=options.s3_access_key_id,
                aws_secret_access_key=options.s3_secret_access_key,
                aws_session_token=options.s3_session_token,
                config=Config(
                    max_pool_connections=CONNECTIONS, retries={"mode": "legacy", "total_max_attempts": _ATTEMPTS}
                ),
            )
        except (BotoCoreError, ValueError) as error:  # a profile that is not there, an endpoint that is no URL
            raise OSError(errno.EINVAL, f"settings of AWS are wrong ({type(error).__name__})", "s3://") from None

    def read(self, url: str, offset: int = 0, size: int | None = None) -> bytes:
        """See `Store.read`: one request, of just these bytes."""
        if size == 0:
            return b""
        bucket, key = object_name(url)
        last = "" if size is None else offset + size - 1
        wanted = {} if size is None and not offset else {"Range": f"bytes={offset}-{last}"}
        with _named(url):
            try:
                return self._get(Bucket=bucket, Key=key, **wanted)
            except ClientError as error:
                if error.response["Error"]["Code"] in _PAST_THE_END:
                    return b""
                raise

    def _get(self, **wanted: str) -> bytes:
        """An answer's body; asked for again where it breaks off: the client tries again only until it begins."""
        attempt = 1
        while True:
            body = self._client.get_object(**wanted)["Body"]
            try:
                data: bytes = body.read()
                return data
            except (HTTPClientError, IncompleteReadError):
                if attempt == _ATTEMPTS:
                    raise
                attempt += 1

    def write(self, url: str, file: Path) -> None:
        """See `Store.write`."""
        bucket, key = object_name(url)
        with file.open("rb") as opened, _named(url):
            self._client.upload_fileobj(opened, bucket, key)

    def size(self, url: str) -> int | None:
        """See `Store.size`."""
        bucket, key = split_url(url)
        if not key:
            return None
        try:
            with _named(url):
                return int(self._client.head_object(Bucket=bucket, Key=key)["ContentLength"])
        except FileNotFoundError:
            return None

    def list(self, prefix: str) -> Iterator[StoredFile]:
        """See `Store.list`."""
        bucket, start = split_url(prefix)
        pages = self._client.get_paginator("list_objects_v2")
        with _named(prefix.rstrip("/")):
            for page in pages.paginate(Bucket=bucket, Prefix=start):
                for entry in page.get("Contents", ()):
                    if not entry["Key"].endswith("/"):  # what consoles make of an empty folder
                        yield StoredFile(f"s3://{bucket}/{entry['Key']}", entry["Size"])

    def delete(self, urls: Iterable[str]) -> None:
        """See `Store.delete`."""
        buckets: dict[str, list[dict[str, str]]] = {}
        for url in urls:
            bucket, key = object_name(url)
            buckets.setdefault(bucket, []).append({"Key": key})
        for bucket, keys in buckets.items():
            left = iter(keys)
            while some := list(islice(left, _DELETED_AT_ONCE)):
                with _named(f"s3://{bucket}/{some[0]['Key']}"):
                    answer = self._client.delete_objects(Bucket=bucket, Delete={"Objects": some, "Quiet": True})
                for error in answer.get("Errors", ()):
                    raise _os_error(error["Code"], f"s3://{bucket}/{error['Key']}")


@contextmanager
def _named(url: str) -> Iterator[None]:
    """Makes OSErrors of the client's errors, without their texts: some hold what was sent."""
    try:
        yield
    except ClientError as error:
        raise _os_error(error.response["Error"]["Code"], url) from None
    except (NoCredentialsError, PartialCredentialsError):
        raise PermissionError(
            errno.EACCES, "no credentials of AWS; set them in the environment, or in a profile", url
        ) from None
    except ParamValidationError:
        raise OSError(errno.EINVAL, "not a name that a bucket or object can have", url) from None
    except (BotoCoreError, Boto3Error) as error:
        raise OSError(errno.EIO, f"the store failed ({type(error).__name__})", url) from None


def _os_error(code: str, url: str) -> OSError:
    if code in _MISSING:
        return FileNotFoundError(errno.ENOENT, "no such object or bucket", url)
    if code in _REFUSED:
        return PermissionError(errno.EACCES, f"access refused ({code}); check the account and the name", url)
    return OSError(errno.EIO, f"the store failed ({code})", url)
