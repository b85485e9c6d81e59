"""Google Cloud Storage, over Beam's client of it."""

import errno
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path

from apache_beam.io.filesystems import FileSystems
from apache_beam.io.gcp.gcsio import GcsIO, parse_gcs_path
from google.api_core.exceptions import (
    Forbidden,
    GoogleAPIError,
    NotFound,
    RequestRangeNotSatisfiable,
    Unauthorized,
)
from google.auth.exceptions import GoogleAuthError
from google.cloud.storage import Blob
from requests.exceptions import RequestException

from transforms.storage.store import StoredFile


class GcsStore:
    """Objects of Google Cloud Storage, see `Store`. Credentials are found by Beam, and stay within its client."""

    def __init__(self) -> None:
        """Connects with the options of the run: Beam sets those of its file systems in workers, too."""
        self._io = GcsIO(pipeline_options=FileSystems._pipeline_options)

    def read(self, url: str, offset: int = 0, size: int | None = None) -> bytes:
        """See `Store.read`: one request, of just these bytes."""
        if size == 0:
            return b""
        end = None if size is None else offset + size - 1
        with _named(url):
            try:
                data: bytes = self._blob(url).download_as_bytes(start=offset, end=end, raw_download=True)
            except RequestRangeNotSatisfiable:  # it ends before
                return b""
        return data

    def write(self, url: str, file: Path) -> None:
        """See `Store.write`."""
        with _named(url):
            self._blob(url).upload_from_filename(str(file), checksum="crc32c")

    def size(self, url: str) -> int | None:
        """See `Store.size`."""
        bucket, name = parse_gcs_path(url, object_optional=True)
        if not name:
            return None
        with _named(url):
            blob = self._io.client.bucket(bucket).get_blob(name)
        return None if blob is None else int(blob.size)

    def list(self, prefix: str) -> Iterator[StoredFile]:
        """See `Store.list`."""
        bucket, start = parse_gcs_path(prefix, object_optional=True)
        with _named(prefix):
            for blob in self._io.client.list_blobs(bucket, prefix=start, fields="items(name,size),nextPageToken"):
                if not blob.name.endswith("/"):  # what consoles make of an empty folder
                    yield StoredFile(f"gs://{bucket}/{blob.name}", int(blob.size))

    def delete(self, urls: Iterable[str]) -> None:
        """See `Store.delete`."""
        for url, error in self._io.delete_batch(list(urls)):
            if error is not None:
                with _named(url):
                    raise error

    def _blob(self, url: str) -> Blob:
        bucket, name = parse_gcs_path(url)
        return self._io.client.bucket(bucket).blob(name)


@contextmanager
def _named(url: str) -> Iterator[None]:
    """Makes OSErrors of the client's errors."""
    try:
        yield
    except NotFound:
        raise FileNotFoundError(errno.ENOENT, "no such object or bucket", url) from None
    except (Forbidden, Unauthorized) as error:
        raise PermissionError(errno.EACCES, f"access refused: {error.reason or error.code}", url) from None
    except GoogleAuthError:
        raise PermissionError(
            errno.EACCES, "no valid credentials; gcloud auth application-default login", url
        ) from None
    except (GoogleAPIError, RequestException) as error:
        raise OSError(errno.EIO, f"{type(error).__name__} from the store", url) from None
