"""Google Cloud Storage, with the credentials and flags of Beam."""

import errno
import os
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import google.auth
from apache_beam.io.filesystems import FileSystems
from apache_beam.io.gcp.gcsio import create_storage_client
from apache_beam.options.pipeline_options import PipelineOptions
from google.api_core.exceptions import (
    Forbidden,
    GoogleAPICallError,
    GoogleAPIError,
    NotFound,
    RequestRangeNotSatisfiable,
    RetryError,
    Unauthorized,
)
from google.auth.exceptions import GoogleAuthError, TransportError
from google.cloud.storage import Blob, Client
from google.cloud.storage.exceptions import DataCorruption
from google.cloud.storage.retry import DEFAULT_RETRY
from requests.adapters import HTTPAdapter
from requests.exceptions import RequestException

from transforms.storage.store import CONNECTIONS, RETRY_SECONDS, StoredFile, object_name, split_url

_EMULATOR = "STORAGE_EMULATOR_HOST"  # which Google's client goes to instead, where it is set
_RETRY = DEFAULT_RETRY.with_timeout(RETRY_SECONDS)


class GcsStore:
    """Objects of Google Cloud Storage, see `Store`. Credentials are found by Beam, and stay within its client."""

    def __init__(self) -> None:
        """Connects with the options of the run: Beam sets those of its file systems in workers, too.

        Raises:
            PermissionError: there are no credentials.
        """
        self._client = _client(FileSystems._pipeline_options or PipelineOptions([]))
        for scheme in ("https://", "http://"):
            self._client._http.mount(scheme, HTTPAdapter(pool_connections=CONNECTIONS, pool_maxsize=CONNECTIONS))

    def read(self, url: str, offset: int = 0, size: int | None = None) -> bytes:
        """See `Store.read`: one request, of just these bytes, as they are stored."""
        if size == 0:
            return b""
        # A start of 0 would make it a range, which a whole object's checksum cannot be compared with.
        start, end = offset or None, None if size is None else offset + size - 1
        with _named(url):
            try:
                data: bytes = self._blob(url).download_as_bytes(start=start, end=end, raw_download=True, retry=_RETRY)
            except RequestRangeNotSatisfiable:  # it ends before
                return b""
        return data

    def write(self, url: str, file: Path) -> None:
        """See `Store.write`."""
        with _named(url):
            self._blob(url).upload_from_filename(str(file), checksum="crc32c", retry=_RETRY)

    def size(self, url: str) -> int | None:
        """See `Store.size`."""
        bucket, name = split_url(url)
        if not name:
            return None
        with _named(url):
            blob = self._client.bucket(bucket).get_blob(name, retry=_RETRY)
        return None if blob is None else int(blob.size)

    def list(self, prefix: str) -> Iterator[StoredFile]:
        """See `Store.list`."""
        bucket, start = split_url(prefix)
        fields = "items(name,size),nextPageToken"
        with _named(prefix.rstrip("/")):
            for blob in self._client.list_blobs(bucket, prefix=start, fields=fields, retry=_RETRY):
                if not blob.name.endswith("/"):  # what consoles make of an empty folder
                    yield StoredFile(f"gs://{bucket}/{blob.name}", int(blob.size))

    def delete(self, urls: Iterable[str]) -> None:
        """See `Store.delete`."""
        with ThreadPoolExecutor(CONNECTIONS) as pool:
            for _ in pool.map(self._delete, urls):
                pass

    def _delete(self, url: str) -> None:
        try:
            with _named(url):
                self._blob(url).delete(retry=_RETRY)
        except FileNotFoundError:
            pass

    def _blob(self, url: str) -> Blob:
        bucket, name = object_name(url)
        return self._client.bucket(bucket).blob(name)


def _client(options: PipelineOptions) -> Client:
    if os.environ.get(_EMULATOR):
        return create_storage_client(options, use_credentials=False)
    try:
        google.auth.default()  # Beam looks for credentials half a minute, and then goes on without any
    except GoogleAuthError:
        raise PermissionError(
            errno.EACCES, "no credentials of Google; gcloud auth application-default login", "gs://"
        ) from None
    return create_storage_client(options)


@contextmanager
def _named(url: str) -> Iterator[None]:
    """Makes OSErrors of the client's errors, without their texts: these hold addresses and names of accounts."""
    try:
        yield
    except NotFound:
        raise FileNotFoundError(errno.ENOENT, "no such object or bucket", url) from None
    except (Forbidden, Unauthorized) as error:
        raise PermissionError(
            errno.EACCES, f"access refused ({int(error.code)}); check the account and the name", url
        ) from None
    except (GoogleAPIError, DataCorruption, RequestException, TransportError) as error:
        raise OSError(errno.EIO, f"the store failed ({_kind(error)})", url) from None
    except GoogleAuthError:
        raise PermissionError(errno.EACCES, "credentials refused; gcloud auth application-default login", url) from None


def _kind(error: BaseException) -> str:
    """What went wrong, in a word."""
    if isinstance(error, RetryError) and error.cause is not None:
        return f"{_kind(error.cause)}, tried for {RETRY_SECONDS} s"
    return str(int(error.code)) if isinstance(error, GoogleAPICallError) and error.code else type(error).__name__
