"""The folders of a run, and the bookkeeping in them from which a later run resumes.

<version>.unfinished/
    plan.jsonl              which samples go where
    work.jsonl              the shards that are still to be written
    sidecars/*.json         one for each shard that has been written
<version>/                  a finished run

`LocalRun` and `StoreRun` open, close and reopen a run on a file system and in an object store.
"""

import dataclasses
from abc import ABC, abstractmethod
from contextlib import AbstractContextManager
from typing import Any, NamedTuple

from pipeline.run.run_files import PLAN, UNFINISHED
from transforms.records.plan_file import PlannedShard
from transforms.records.shards import SHARDS, Shard, read_shard_list, read_sidecars, sidecar, write_sidecar
from transforms.records.tfrecord import index_name
from transforms.storage import Place, in_threads, list_paths, remove_files


class FinishedRun(NamedTuple):
    """A finished run.

    Attributes:
        folder: its folder.
        manifest: its manifest.
    """

    folder: Place
    manifest: dict[str, Any]


class RunFolder(ABC):
    """Folders of one conversion.

    Attributes:
        final: the folder of the finished conversion.
        unfinished: the bookkeeping of the run.
        shards: the folder of the shards and their metadata.
        plan: the plan file.
        work: the list of the shards to write.
        sidecars: the folder of the sidecars of written shards.
    """

    def __init__(self, final: Place, shards: Place | None = None) -> None:
        """Takes the final folder, and that of the shards if they are apart from the bookkeeping."""
        self.final = final
        self.unfinished = final.with_name(final.name + UNFINISHED)
        self.shards = shards or self.unfinished
        self.plan = self.unfinished / PLAN
        self.work = self.unfinished / "work.jsonl"
        self.sidecars = self.unfinished / "sidecars"

    @abstractmethod
    def finished(self) -> FinishedRun | None:
        """The finished run in this place, if there is one.

        Raises:
            UserError: the output or the manifest cannot be read.
        """

    @abstractmethod
    def open(self, overwrite: bool) -> AbstractContextManager[None]:
        """Makes the folders of the unfinished run, or opens those of a stopped run, for this process alone.

        Args:
            overwrite: whether to remove existing runs first.

        Raises:
            UserError: another process works in it, or it cannot be made.
        """

    @abstractmethod
    def close(self, accepted: bool) -> Place:
        """Gives the finished run its final name, and removes the bookkeeping.

        Args:
            accepted: whether it rejected no more samples than allowed. If not, it gets a name of its own.

        Returns:
            Its folder.
        """

    @abstractmethod
    def reclose(self, accepted: bool) -> Place:
        """Completes the closing of a finished run, and returns its folder.

        It may have been killed while it was closed, or more rejected samples may be allowed now.
        """

    @abstractmethod
    def reopen(self) -> None:
        """Turns a finished run into an unfinished one, for `open`."""

    @abstractmethod
    def remove_others(self, names: set[str]) -> None:
        """Removes all files from the folder of the shards but these and the bookkeeping."""

    def keep(self, shards: list[PlannedShard], retry_rejected: bool) -> set[int]:
        """Keeps the finished shards of a plan, and removes everything else that an earlier run left.

        Args:
            shards: planned.
            retry_rejected: whether to convert those again in which a sample was rejected.

        Returns:
            The numbers of the kept shards.
        """
        by_fingerprint = {shard.fingerprint: shard for shard in shards}
        written = read_sidecars(self.sidecars)
        listed = read_shard_list(self.shards / SHARDS)  # of a finished run, whose sidecars are gone

        def kept(shard: Shard) -> Shard | None:
            planned = by_fingerprint.get(shard.planned.fingerprint)
            if planned and shard.is_whole(self.shards) and not (retry_rejected and shard.rejects):
                return dataclasses.replace(shard, planned=planned)
            return None

        whole = {shard.planned.number: shard for shard in in_threads(kept, [*written, *listed]) if shard}
        as_planned = {shard.planned for shard in written}
        in_threads(
            lambda shard: write_sidecar(self.sidecars, shard),
            [shard for shard in whole.values() if shard.planned not in as_planned],
        )
        names = {sidecar(self.sidecars, number).name for number in whole}
        remove_files(self.sidecars, [name for name in list_paths(self.sidecars) if name not in names])
        shard_names = {shard.planned.file_name for shard in whole.values()}
        self.remove_others(shard_names | set(map(index_name, shard_names)))
        return set(whole)
