"""The folders of a run, and the bookkeeping in them that lets a later run go on where it stopped.

<version>.unfinished/
    plan.jsonl              which samples go where
    work.jsonl              what of the plan is still to be done
    parts/*/chunk-*.part    records of one chunk, with an index (.json) that is written last, by shard
    markers/*.json          one for each shard that is whole
<version>/                  what is left of a run that has ended

`LocalRun` and `StoreRun` say how a run is opened, ended and opened again on a file system and in an
object store; what is the same for both is here.
"""

import dataclasses
from abc import ABC, abstractmethod
from contextlib import AbstractContextManager
from typing import Any, NamedTuple

from pipeline.run.run_files import PLAN, UNFINISHED
from transforms.records.parts import FoundPart, find_parts, read_part
from transforms.records.plan_file import PackedChunk, PlannedShard
from transforms.records.shards import SHARDS, Shard, marker, read_markers, read_shard_list, write_marker
from transforms.storage import Place, in_threads, list_paths, remove_files


@dataclasses.dataclass(frozen=True)
class Kept:
    """What a run finds done already.

    Attributes:
        shards: numbers of shards that are whole.
        parts: the whole parts of other shards, by chunk number.
    """

    shards: frozenset[int]
    parts: dict[int, FoundPart]


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
        work: the lists of what is to be done.
        parts: the folder of part files.
        markers: the folder of markers of whole shards.
    """

    def __init__(self, final: Place, shards: Place | None = None) -> None:
        """Takes the final folder, and that of the shards where it is not that of the bookkeeping."""
        self.final = final
        self.unfinished = final.with_name(final.name + UNFINISHED)
        self.shards = shards or self.unfinished
        self.plan = self.unfinished / PLAN
        self.work = self.unfinished / "work.jsonl"
        self.parts = self.unfinished / "parts"
        self.markers = self.unfinished / "markers"

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

    def keep(self, shards: list[PlannedShard], chunks: list[PackedChunk], retry_rejected: bool) -> Kept:
        """Finds what is done of a plan, and removes all else that an earlier run left.

        Args:
            shards: planned.
            chunks: planned.
            retry_rejected: whether to do those again in which a sample was rejected.
        """
        whole = self._keep_shards(shards, retry_rejected)
        parts = self._keep_parts([chunk for chunk in chunks if chunk.shard not in whole], retry_rejected)
        self.remove_others({shard.planned.file_name for shard in whole.values()})
        return Kept(frozenset(whole), parts)

    def _keep_shards(self, shards: list[PlannedShard], retry_rejected: bool) -> dict[int, Shard]:
        """Leaves the markers of whole planned shards only; gives these by number."""
        by_fingerprint = {shard.fingerprint: shard for shard in shards}
        marked = read_markers(self.markers)
        ended = read_shard_list(self.shards / SHARDS)  # of a run that had ended, whose markers are gone

        def kept(shard: Shard) -> Shard | None:
            planned = by_fingerprint.get(shard.planned.fingerprint)
            if planned and shard.is_whole(self.shards) and not (retry_rejected and shard.rejects):
                return dataclasses.replace(shard, planned=planned)
            return None

        whole = {shard.planned.number: shard for shard in in_threads(kept, [*marked, *ended]) if shard}
        as_planned = {shard.planned for shard in marked}
        in_threads(
            lambda shard: write_marker(self.markers, shard),
            [shard for shard in whole.values() if shard.planned not in as_planned],
        )
        names = {marker(self.markers, number).name for number in whole}
        remove_files(self.markers, [name for name in list_paths(self.markers) if name not in names])
        return whole

    def _keep_parts(self, chunks: list[PackedChunk], retry_rejected: bool) -> dict[int, FoundPart]:
        """Leaves the whole parts of planned chunks only, and gives them by chunk."""
        planned = {chunk.number: (chunk.shard, chunk.fingerprint) for chunk in chunks}

        def kept(found: FoundPart) -> tuple[FoundPart, str] | None:
            """The part with its file, if it is to be kept: the index may be large, and goes."""
            part = read_part(self.parts, found.index_name)
            is_planned = planned.get(found.chunk) == (found.shard, part.fingerprint)
            if is_planned and not (retry_rejected and part.rejects) and part.is_whole(self.parts):
                return found, part.file
            return None

        by_chunk = {some[0].chunk: some for some in in_threads(kept, find_parts(self.parts)) if some}
        files = {path for found, file in by_chunk.values() for path in (found.index_name, file)}
        remove_files(self.parts, [path for path in list_paths(self.parts) if path not in files])
        return {chunk: found for chunk, (found, _) in by_chunk.items()}
