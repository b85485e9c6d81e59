"""What object stores say when they fail: OSErrors that name the object and hold no credentials."""

import socket
import sys

import pytest
from fsspec.registry import _registry
from object_stores import SECRET, Emulator

from transforms.errors import UserError
from transforms.storage import RemotePath, list_files, read_range, remove, remove_files, write_file
from transforms.storage.systems import file_system


def actions(place):
    return {
        "read": place.read_bytes,
        "range": lambda: read_range(place, 5, 5),
        "write": lambda: write_file(place, b"data"),
        "size": place.is_file,
        "list": lambda: list(list_files(place.parent)),
        "remove": lambda: remove_files(place.parent, [place.name]),
    }


def of_objects(proxy):
    """The requests but those for a bucket's properties, which Google's client sends on its own."""
    return [path for _, path in proxy.requests if "?projection=noAcl&prettyPrint" not in path or "/o" in path]


def failure(action, place):
    with pytest.raises(OSError) as error:
        actions(place)[action]()
    assert error.value.strerror
    assert error.value.filename.startswith(str(place.parent))
    assert SECRET not in repr(error.value)
    assert error.value.__cause__ is None
    assert error.value.__suppress_context__
    return error.value


ALL = ["read", "range", "write", "size", "list", "remove"]


@pytest.mark.parametrize("action", ["read", "range", "write", "list"])
def test_a_missing_bucket(action, emulator):
    with emulator.used():
        assert isinstance(failure(action, RemotePath(f"{emulator.scheme}://no-such-bucket/a/b")), FileNotFoundError)


@pytest.mark.parametrize("status", [401, 403])
@pytest.mark.parametrize("action", ALL)
def test_refused_access(action, status, proxy, emulator):
    proxy.harm = lambda number, path: status
    error = failure(action, emulator.folder() / "data")
    assert isinstance(error, PermissionError)
    assert "refused" in error.strerror
    asked = of_objects(proxy)
    assert len(asked) == len(set(asked))  # nothing is tried again


@pytest.mark.parametrize("harm", [503, "reset"])
@pytest.mark.parametrize("action", ALL)
def test_a_fault_that_passes_is_not_seen(action, harm, proxy, emulator):
    place = emulator.folder() / "data"
    write_file(place, b"0123456789")
    before = len(proxy.requests)
    proxy.harm = lambda number, path: harm if number == before + 1 else None
    actions(place)[action]()
    assert len(proxy.requests) > before + 1


@pytest.mark.parametrize("size", [100, 9 << 20])
def test_an_answer_that_breaks_off_is_asked_for_again(size, proxy, emulator):
    place = emulator.folder() / "data"
    data = bytes(range(100)) * (size // 100)
    write_file(place, data)
    before = len(proxy.requests)
    proxy.harm = lambda number, path: "cut" if number == before + 1 else None
    assert place.read_bytes() == data
    before = len(proxy.requests)
    assert read_range(place, 10, 50) == data[10:60]


@pytest.mark.parametrize("action", ALL)
def test_a_store_that_stays_down(action, quick, proxy, emulator):
    proxy.harm = lambda number, path: 503
    error = failure(action, emulator.folder() / "data")
    assert not isinstance(error, FileNotFoundError | PermissionError)
    assert "the store failed" in error.strerror


@pytest.mark.parametrize("action", ALL)
def test_nobody_at_the_address(action, quick, emulator):
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = f"http://127.0.0.1:{free.getsockname()[1]}"
    place = emulator.folder() / "data"
    with Emulator(emulator.scheme, address).used():
        assert "the store failed" in failure(action, place).strerror


def test_no_credentials_of_aws(s3_emulator, monkeypatch):
    with s3_emulator.used():
        monkeypatch.delenv("AWS_ACCESS_KEY_ID")
        monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
        file_system.cache_clear()
        error = failure("read", s3_emulator.folder() / "data")
        assert isinstance(error, PermissionError)
        assert "no credentials" in error.strerror
        file_system.cache_clear()


def test_no_credentials_of_google(gs_emulator, monkeypatch, tmp_path):
    monkeypatch.delenv("STORAGE_EMULATOR_HOST", raising=False)
    monkeypatch.setenv("NO_GCE_CHECK", "true")
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.setenv("CLOUDSDK_CONFIG", str(tmp_path))
    file_system.cache_clear()
    with pytest.raises(PermissionError, match="no credentials"):
        RemotePath("gs://bucket/a").read_bytes()


def test_settings_of_aws_that_are_wrong(s3_emulator):
    with s3_emulator.used(AWS_ENDPOINT_URL="nonsense"), pytest.raises(OSError, match="settings of the store are wrong"):
        RemotePath("s3://bucket/a").read_bytes()
    file_system.cache_clear()


@pytest.mark.parametrize(
    ("scheme", "package", "extra"), [("gs", "gcsfs", "gcp"), ("s3", "s3fs", "aws"), ("abfs", "adlfs", "azure")]
)
def test_a_store_whose_package_is_missing(scheme, package, extra, monkeypatch):
    for name in [name for name in sys.modules if name.partition(".")[0] == package]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, package, None)
    monkeypatch.delitem(_registry, scheme, raising=False)
    file_system.cache_clear()
    with pytest.raises(
        UserError, match=rf"{scheme}:// needs the package {package}: pip install 'threedface\[{extra}\]'"
    ):
        RemotePath(f"{scheme}://bucket/a").read_bytes()
    file_system.cache_clear()


def test_removing_what_is_gone_is_no_fault(remote):
    write_file(remote / "a", b"a")
    remove_files(remote, ["a", "b"])
    remove(remote / "a")
    assert not (remote / "a").exists()
