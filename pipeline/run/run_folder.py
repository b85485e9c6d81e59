"""The folders of a run, and the bookkeeping in them from which a later run resumes.

<version>.unfinished/
    plan.jsonl              which samples go where
    work.jsonl              the shards that are still to be written
    sidecars/*.json         one for each shard that has been written
<version>/                  a finished run

`LocalRun` and `StoreRun` say how a run is opened, ended and opened again on a file system and in an
object store; what is the same for both is here.
"""

import dataclasses
from abc import ABC, abstractmethod
from contextlib import AbstractContextManager
from typing import Any, NamedTuple

from pipeline.run.run_files import PLAN, UNFINISHED
from transforms.records.plan_file import PlannedShard
from transforms.records.shards import SHARDS, Shard, read_shard_list, read_sidecars, sidecar, write_sidecar
from transforms.storage import Place, in_threads, list_paths, remove_files


class Ended(NamedTuple):
    """A run that has ended.

    Attributes:
        folder: where it stands.
        manifest: its manifest.
    """

    folder: Place
    manifest: dict[str, Any]


class RunFolder(ABC):
    """Folders of one conversion.

    Attributes:
        final: where the finished conversion stands.
        unfinished: the bookkeeping of the run.
        shards: where shards, and what stands beside them, are written.
        plan: the plan file.
        work: the list of the shards to write.
        sidecars: the folder of the sidecars of written shards.
    """

    def __init__(self, final: Place, shards: Place | None = None) -> None:
        """Takes the final folder, and that of the shards where it is not that of the bookkeeping."""
        self.final = final
        self.unfinished = final.with_name(final.name + UNFINISHED)
        self.shards = shards or self.unfinished
        self.plan = self.unfinished / PLAN
        self.work = self.unfinished / "work.jsonl"
        self.sidecars = self.unfinished / "sidecars"

    @abstractmethod
    def ended(self) -> Ended | None:
        """The run that has ended there, if one has.

        Raises:
            UserError: the output, or the manifest of the run, cannot be read.
        """

    @abstractmethod
    def open(self, overwrite: bool) -> AbstractContextManager[None]:
        """Makes the folders of the unfinished run, or takes up those of a run that was stopped, for this process alone.

        Args:
            overwrite: whether to remove first what is there of this and other runs.

        Raises:
            UserError: another process is at work in it, or it cannot be made.
        """

    @abstractmethod
    def close(self, accepted: bool) -> Place:
        """Makes the finished run one that has ended, after what only the run itself needed is gone.

        Args:
            accepted: whether it rejected no more samples than allowed. Else it ends apart, where only `ended` looks.

        Returns:
            Where it stands.
        """

    @abstractmethod
    def settle(self, accepted: bool) -> Place:
        """Does to a run that has ended what was left undone; gives where it stands.

        That is: it was ended apart, and more rejected samples are allowed now; or it was killed after its end.
        """

    @abstractmethod
    def reopen(self) -> None:
        """Turns a run that has ended into an unfinished one, which `open` takes up."""

    @abstractmethod
    def remove_others(self, names: set[str]) -> None:
        """Removes from the folder of the shards what is neither one of these files nor bookkeeping."""

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
        self.remove_others({shard.planned.file_name for shard in whole.values()})
        return set(whole)
