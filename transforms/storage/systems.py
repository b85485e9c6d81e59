"""The file systems of fsspec behind URLs, and their errors as one-line OSErrors."""

import errno
import functools
import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from fsspec import AbstractFileSystem, get_filesystem_class

from transforms.errors import UserError

SCHEMES = {  # each with the package that reads it, and what to install to have that
    "gs": ("gcsfs", "threedface[gcp]"),
    "s3": ("s3fs", "threedface[aws]"),
    "abfs": ("adlfs", "threedface[azure]"),
    "hdfs": ("pyarrow", "pyarrow"),
    "memory": ("fsspec", "fsspec"),  # within one process, for tests
}

_CONNECTIONS = 64  # of one process to S3; more than threads that read
_ATTEMPTS = 7  # of one request to S3; their pauses double, half a minute together. gcsfs has the same of its own

_NO_CREDENTIALS = ("NoCredentialsError", "PartialCredentialsError", "DefaultCredentialsError", "RefreshError")
_WRONG_SETTINGS = ("ValueError", "ProfileNotFound", "ParamValidationError")
_REFUSED = (
    "401", "403", "AccessDenied", "AllAccessDisabled", "AccountProblem", "InvalidAccessKeyId", "InvalidToken",
    "SignatureDoesNotMatch", "ExpiredToken", "Forbidden", "Unauthorized", "RequestTimeTooSkewed",
)  # fmt: skip
_EXISTS = ("412", "PreconditionFailed", "409", "ConditionalRequestConflict")
_PAST_THE_END = ("416", "InvalidRange")


@functools.cache
def file_system(scheme: str, host: str) -> AbstractFileSystem:
    """The file system of a URL, one per process; its listings are never cached.

    Raises:
        UserError: the package for the scheme is not installed.
        PermissionError: there are no credentials of Google.
    """
    package, install = SCHEMES[scheme]
    try:
        if scheme == "gs":
            return _google()
        system = get_filesystem_class(scheme)
        if scheme == "s3":
            return system(**_s3_options())
    except ImportError:
        raise UserError(f"{scheme}:// needs the package {package}: pip install '{install}'") from None
    with store_errors(f"{scheme}://{host}"):
        options = system._get_kwargs_from_urls(f"{scheme}://{host}/")  # of HDFS, its host and port
        return system(use_listings_cache=False, skip_instance_cache=True, **options)


# A forked process must not use its parent's connections, nor the thread that reads them.
os.register_at_fork(after_in_child=file_system.cache_clear)


def _google() -> AbstractFileSystem:
    # Not the class that gcsfs registers, which asks what kind each bucket is, by another protocol.
    from gcsfs.core import GCSFileSystem

    logging.getLogger("gcsfs").setLevel(logging.CRITICAL)  # it prints tracebacks of errors that it raises, too
    token = "anon" if os.environ.get("STORAGE_EMULATOR_HOST") else "google_default"
    with store_errors("gs://"):
        return GCSFileSystem(token=token, consistency="md5", use_listings_cache=False, skip_instance_cache=True)


def _s3_options() -> dict[str, Any]:
    """Beam's flags for S3, if given; Beam sets those of its file systems in workers, too."""
    from apache_beam.io.filesystems import FileSystems
    from apache_beam.options.pipeline_options import PipelineOptions, S3Options

    flags = (FileSystems._pipeline_options or PipelineOptions([])).view_as(S3Options)
    return {
        "key": flags.s3_access_key_id,
        "secret": flags.s3_secret_access_key,
        "token": flags.s3_session_token,
        "endpoint_url": flags.s3_endpoint_url,
        "use_ssl": not flags.s3_disable_ssl,
        "client_kwargs": {"region_name": flags.s3_region_name, "verify": flags.s3_verify},
        "config_kwargs": {
            "max_pool_connections": _CONNECTIONS,
            "retries": {"mode": "legacy", "total_max_attempts": _ATTEMPTS},
        },
        "use_listings_cache": False,
        "skip_instance_cache": True,
    }


@contextmanager
def store_errors(url: str) -> Iterator[None]:
    """Makes one-line OSErrors that name the URL of a store's errors, whose texts may hold addresses and accounts.

    A range that begins at the end of a file or after it is errno.ERANGE.
    """
    try:
        yield
    except Exception as error:
        if isinstance(error, UserError) or (isinstance(error, OSError) and "://" in str(error.filename)):
            raise  # it is one of these already
        raise _os_error(error, url) from None


def _os_error(error: Exception, url: str) -> OSError:
    code = _code(error)
    if isinstance(error, FileExistsError) or code in _EXISTS:
        return FileExistsError(errno.EEXIST, "is there already", url)
    if isinstance(error, FileNotFoundError):
        return FileNotFoundError(errno.ENOENT, "no such object or bucket", url)
    if code in _PAST_THE_END:
        return OSError(errno.ERANGE, "the file ends before", url)
    if code in _NO_CREDENTIALS:
        hint = "gcloud auth application-default login" if url.startswith("gs:") else "set them in the environment"
        return PermissionError(errno.EACCES, f"no credentials, or they are refused; {hint}", url)
    if isinstance(error, PermissionError) or code in _REFUSED:
        return PermissionError(errno.EACCES, f"access refused ({code}); check the account and the name", url)
    if code in _WRONG_SETTINGS:
        return OSError(errno.EINVAL, f"the name or the settings of the store are wrong ({code})", url)
    return OSError(errno.EIO, f"the store failed ({code})", url)


def _code(error: BaseException) -> str:
    """The store's code for an error, or else the error's class."""
    for found in (error, error.__cause__):
        response = getattr(found, "response", None)
        code = response["Error"].get("Code") if isinstance(response, dict) else getattr(found, "code", None)
        if code:
            return str(code)
    return "403" if str(error).startswith("Forbidden") else type(error).__name__  # gcsfs has no more than this text
