"""S3 and what speaks its protocol, over Beam's client of it."""

import errno
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from apache_beam.io.aws.clients.s3 import boto3_client
from apache_beam.io.aws.s3io import parse_s3_path
from apache_beam.io.filesystems import FileSystems
from apache_beam.options.pipeline_options import PipelineOptions
from boto3.exceptions import Boto3Error
from botocore.exceptions import BotoCoreError, ClientError, NoCredentialsError, PartialCredentialsError

from transforms.storage.store import StoredFile

_DELETED_AT_ONCE = 1000  # S3 takes no more in one request
_MISSING = ("404", "NoSuchKey", "NoSuchBucket", "NotFound")
_REFUSED = ("401", "403", "AccessDenied", "InvalidAccessKeyId", "SignatureDoesNotMatch", "ExpiredToken")


class S3Store:
    """Objects of S3, see `Store`. Credentials are those of Beam's flags or of boto3's own chain."""

    def __init__(self) -> None:
        """Connects with the options of the run: Beam sets those of its file systems in workers, too."""
        options = FileSystems._pipeline_options or PipelineOptions([])
        self._client = boto3_client.Client(options=options).client  # its methods may be used by several threads

    def read(self, url: str, offset: int = 0, size: int | None = None) -> bytes:
        """See `Store.read`: one request, of just these bytes."""
        if size == 0:
            return b""
        bucket, key = parse_s3_path(url)
        wanted = {} if size is None and not offset else {"Range": f"bytes={offset}-{offset + size - 1 if size else ''}"}
        with _named(url):
            try:
                data: bytes = self._client.get_object(Bucket=bucket, Key=key, **wanted)["Body"].read()
            except ClientError as error:
                if error.response["Error"]["Code"] in ("InvalidRange", "416"):  # it ends before
                    return b""
                raise
        return data

    def write(self, url: str, file: Path) -> None:
        """See `Store.write`."""
        bucket, key = parse_s3_path(url)
        with _named(url):
            self._client.upload_file(str(file), bucket, key)

    def size(self, url: str) -> int | None:
        """See `Store.size`."""
        bucket, key = parse_s3_path(url, object_optional=True)
        if not key:
            return None
        try:
            with _named(url):
                return int(self._client.head_object(Bucket=bucket, Key=key)["ContentLength"])
        except FileNotFoundError:
            return None

    def list(self, prefix: str) -> Iterator[StoredFile]:
        """See `Store.list`."""
        bucket, start = parse_s3_path(prefix, object_optional=True)
        pages = self._client.get_paginator("list_objects_v2")
        with _named(prefix):
            for page in pages.paginate(Bucket=bucket, Prefix=start):
                for entry in page.get("Contents", ()):
                    if not entry["Key"].endswith("/"):  # what consoles make of an empty folder
                        yield StoredFile(f"s3://{bucket}/{entry['Key']}", entry["Size"])

    def delete(self, urls: Iterable[str]) -> None:
        """See `Store.delete`."""
        buckets: dict[str, list[dict[str, str]]] = {}
        for url in urls:
            bucket, key = parse_s3_path(url)
            buckets.setdefault(bucket, []).append({"Key": key})
        for bucket, keys in buckets.items():
            for start in range(0, len(keys), _DELETED_AT_ONCE):
                some = keys[start : start + _DELETED_AT_ONCE]
                with _named(f"s3://{bucket}/{some[0]['Key']}"):
                    answer = self._client.delete_objects(Bucket=bucket, Delete={"Objects": some, "Quiet": True})
                for error in answer.get("Errors", ()):
                    raise OSError(errno.EIO, f"cannot be removed: {error['Code']}", f"s3://{bucket}/{error['Key']}")


@contextmanager
def _named(url: str) -> Iterator[None]:
    """Makes OSErrors of the client's errors: of these only the code is told, which holds no credentials."""
    try:
        yield
    except ClientError as error:
        code = str(error.response["Error"]["Code"])
        if code in _MISSING:
            raise FileNotFoundError(errno.ENOENT, "no such object or bucket", url) from None
        if code in _REFUSED:
            raise PermissionError(errno.EACCES, f"access refused: {code}", url) from None
        raise OSError(errno.EIO, f"{code} from the store", url) from None
    except (NoCredentialsError, PartialCredentialsError):
        raise PermissionError(
            errno.EACCES, "no credentials; aws configure, or AWS_ACCESS_KEY_ID and so on", url
        ) from None
    except (BotoCoreError, Boto3Error) as error:
        raise OSError(errno.EIO, f"{type(error).__name__} from the store", url) from None
