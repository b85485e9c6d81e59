"""A run with its output in an object store, which has no rename, and in which an object is always whole.

Shards are written under their final names, in <version>/. The run is committed by
manifest.json, which is written last: without it the conversion does not exist. With too many
rejected samples it is named manifest.too_many_rejected.json. Then the bookkeeping in
<version>.unfinished/ is removed, or by the next start if the run was killed just then.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from pipeline.run.conversions import read_manifest
from pipeline.run.run_files import MANIFEST, TOO_MANY_MANIFEST
from pipeline.run.run_folder import FinishedRun, RunFolder
from pipeline.run.store_lock import StoreLock
from transforms.errors import RunFailed, UserError
from transforms.records.shards import SHARDS
from transforms.records.tfrecord import index_name
from transforms.storage import RemotePath, list_files, list_paths, remove, remove_files, write_file

MODELS = "model"  # where the prepared face model is for workers on other machines


class StoreRun(RunFolder):
    """See `RunFolder`.

    Attributes:
        models: the folder of the prepared face model, for workers on other machines.
    """

    final: RemotePath
    unfinished: RemotePath
    plan: RemotePath

    def __init__(self, final: RemotePath) -> None:
        """Takes the final folder."""
        super().__init__(final, shards=final)
        self.models = self.unfinished / MODELS
        self._lock = StoreLock(self.unfinished / "lock.json")

    def finished(self) -> FinishedRun | None:
        """See `RunFolder.finished`."""
        with _as_user_error("read"):
            # Listed rather than opened, because a missing bucket is not a missing manifest.
            names = {path for path, _ in list_files(self.final, "manifest")}
        for name in (MANIFEST, TOO_MANY_MANIFEST):
            if name in names:
                return FinishedRun(self.final, read_manifest(self.final, name))
        return None

    @contextmanager
    def open(self, overwrite: bool) -> Iterator[None]:
        """See `RunFolder.open`. The lock is an object of the store, see `StoreLock`."""
        with _as_user_error("written"):
            self._lock.take()
        with self._lock.kept():
            if overwrite:
                self.reopen()
                remove(self.final)
                self._remove_bookkeeping()
            elif not self.plan.is_file() and not (self.final / SHARDS).is_file():
                found = next(list_paths(self.final), None)
                if found:
                    raise UserError(
                        f"{self.final}: holds files, such as {found}, but neither {MANIFEST} nor a run that was "
                        "stopped; name another --output, or replace them with --overwrite"
                    )
            yield

    def close(self, accepted: bool) -> RemotePath:
        """See `RunFolder.close`: the manifest is written, which commits the run.

        Raises:
            RunFailed: a shard is missing: a concurrent run removed it.
        """
        manifest = read_manifest(self.unfinished)
        there = dict(list_files(self.final))
        for entry in manifest["splits"].values():
            for shard in entry["shards"]:
                if there.get(shard["file"]) != shard["bytes"] or index_name(shard["file"]) not in there:
                    raise RunFailed(f"{self.final / shard['file']}: gone again; was another run at work? Run again")
        name = MANIFEST if accepted else TOO_MANY_MANIFEST
        write_file(self.final / name, (self.unfinished / MANIFEST).read_bytes())
        self._remove_bookkeeping()
        return self.final

    def reclose(self, accepted: bool) -> RemotePath:
        """See `RunFolder.reclose`."""
        apart = self.final / TOO_MANY_MANIFEST
        if accepted and apart.is_file():
            write_file(self.final / MANIFEST, apart.read_bytes())
            remove(apart)
        if next(list_paths(self.unfinished), None) and not self._lock.holder():
            remove(self.unfinished)
        return self.final

    def reopen(self) -> None:
        """See `RunFolder.reopen`."""
        remove_files(self.final, [MANIFEST, TOO_MANY_MANIFEST])

    def remove_others(self, names: set[str]) -> None:
        """See `RunFolder.remove_others`."""
        remove_files(self.final, [path for path in list_paths(self.final) if path not in names])

    def _remove_bookkeeping(self) -> None:
        """Removes all of it but the lock, which goes when the run is left."""
        lock = self._lock.place.name
        remove_files(self.unfinished, [path for path in list_paths(self.unfinished) if path != lock])


@contextmanager
def _as_user_error(done: str) -> Iterator[None]:
    """At the start of a run, a store that refuses access is a user error."""
    try:
        yield
    except OSError as error:
        raise UserError(f"{error.filename}: cannot be {done} ({error.strerror}); name another --output") from None
