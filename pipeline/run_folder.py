"""The folder of a run: unfinished under one name, and under its final one only when it is whole.

<version>.unfinished/
    plan.jsonl              which samples go where
    work.jsonl              what of the plan is still to be done
    parts/*/chunk-*.part    records of one chunk, with an index (.json) that is written last, by shard
    markers/*.json          one for each shard that is whole
    threedface-*.tfrecord-* the shards
    workers.log             what worker processes print
"""

import dataclasses
import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from pipeline.metadata import UNFINISHED
from transforms.errors import UserError
from transforms.parts import FoundPart, find_parts, read_part
from transforms.plan_file import PackedChunk, PlannedShard
from transforms.shards import Shard, read_markers, write_marker

SHARDS = "shards.jsonl"  # the markers, kept beside the finished shards for --retry_rejected

_TOO_MANY = ".too_many_rejected"


@dataclasses.dataclass(frozen=True)
class Kept:
    """What a run finds done already.

    Attributes:
        shards: numbers of shards that are whole.
        parts: the whole parts of other shards, by chunk number.
    """

    shards: frozenset[int]
    parts: dict[int, FoundPart]


class RunFolder:
    """Folders of one conversion.

    Attributes:
        final: where the finished conversion stands.
        unfinished: where it is made.
        too_many: where it stands when more samples were rejected than allowed.
        plan: the plan file.
        work: the lists of what is to be done.
        parts: the folder of part files.
        markers: the folder of markers of whole shards.
        log: what worker processes print.
    """

    def __init__(self, final: Path) -> None:
        """Takes the final folder."""
        self.final = final
        self.unfinished = final.with_name(final.name + UNFINISHED)
        self.too_many = final.with_name(final.name + _TOO_MANY)
        self.plan = self.unfinished / "plan.jsonl"
        self.work = self.unfinished / "work.jsonl"
        self.parts = self.unfinished / "parts"
        self.markers = self.unfinished / "markers"
        self.log = self.unfinished / "workers.log"

    @property
    def finished(self) -> Path | None:
        """The folder of a run that has ended, if there is one."""
        return next((folder for folder in (self.final, self.too_many) if folder.exists()), None)

    @contextmanager
    def open(self, overwrite: bool) -> Iterator[None]:
        """Makes the folder of the unfinished run, or takes up that of a run that was stopped, for this process alone.

        Args:
            overwrite: whether to remove first what is there of this and other runs.

        Raises:
            UserError: another process is at work in it, or it cannot be made.
        """
        try:
            self.unfinished.mkdir(parents=True, exist_ok=True)
            lock = os.open(self.unfinished, os.O_RDONLY)
        except OSError as error:
            raise UserError(f"{error.filename}: cannot be written ({error.strerror}); name another --output") from None
        try:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                raise UserError(f"{self.unfinished}: another run is at work there; wait for its end") from None
            if overwrite:
                for path in (self.final, self.too_many, *self.unfinished.iterdir()):
                    _remove(path)
            self.parts.mkdir(exist_ok=True)
            self.markers.mkdir(exist_ok=True)
            yield
        finally:
            os.close(lock)

    def reopen(self, finished: Path) -> None:
        """Turns the folder of a run that has ended into an unfinished one, which `open` takes up."""
        finished.rename(self.unfinished)

    def accept(self, finished: Path) -> Path:
        """Gives a run that has ended the final name, which it did not have when too much was rejected."""
        return finished.rename(self.final)

    def keep(self, shards: list[PlannedShard], chunks: list[PackedChunk], retry_rejected: bool) -> Kept:
        """Finds what is done of a plan, and removes all else that an earlier run left.

        Args:
            shards: planned.
            chunks: planned.
            retry_rejected: whether to do those again in which a sample was rejected.
        """
        whole = self._keep_shards(shards, retry_rejected)
        parts = self._keep_parts([chunk for chunk in chunks if chunk.shard not in whole], retry_rejected)
        known = {*whole.values(), *self._own()}
        for path in self.unfinished.iterdir():
            if path not in known:
                _remove(path)
        return Kept(frozenset(whole), parts)

    def _keep_shards(self, shards: list[PlannedShard], retry_rejected: bool) -> dict[int, Path]:
        """Leaves the markers of whole planned shards only; gives these shards' files by number."""
        self._restore_markers()
        by_fingerprint = {shard.fingerprint: shard for shard in shards}
        whole: dict[int, Shard] = {}
        for shard in read_markers(self.markers):
            planned = by_fingerprint.get(shard.planned.fingerprint)
            if planned and shard.is_whole(self.unfinished) and not (retry_rejected and shard.rejects):
                whole[planned.number] = dataclasses.replace(shard, planned=planned)
        marked = {write_marker(self.markers, shard) for shard in whole.values()}
        for path in self.markers.iterdir():
            if path not in marked:
                path.unlink()

        return {number: self.unfinished / shard.planned.file_name for number, shard in whole.items()}

    def _keep_parts(self, chunks: list[PackedChunk], retry_rejected: bool) -> dict[int, FoundPart]:
        """Leaves the whole parts of planned chunks only, and gives them by chunk."""
        parts: dict[int, FoundPart] = {}
        files = set()
        planned = {chunk.number: (chunk.shard, chunk.fingerprint) for chunk in chunks}
        for found in find_parts(self.parts):
            part = read_part(self.parts, found.index_name)
            if (
                found.chunk not in parts
                and planned.get(found.chunk) == (found.shard, part.fingerprint)
                and not (retry_rejected and part.rejects)
                and part.is_whole(self.parts)
            ):
                parts[found.chunk] = found
                files |= {self.parts / found.index_name, self.parts / part.file}
        for path in self.parts.glob("*/*"):
            if path not in files:
                path.unlink()
        return parts

    def close(self, accepted: bool) -> Path:
        """Gives the finished run its final name, after what only the run itself needed is gone."""
        with (self.unfinished / SHARDS).open("w", encoding="utf-8") as file:
            file.writelines(json.dumps(shard.to_json()) + "\n" for shard in read_markers(self.markers))
        for path in self._own():
            _remove(path)
        for path in self.unfinished.glob(".*"):
            _remove(path)
        folder = self.final if accepted else self.too_many
        self.unfinished.rename(folder)
        return folder

    def _own(self) -> tuple[Path, ...]:
        """What belongs to the run and not to its result."""
        return (self.plan, self.work, self.parts, self.markers, self.log)

    def _restore_markers(self) -> None:
        """Markers of a run that had ended: they stand in one file beside its shards."""
        lines = self.unfinished / SHARDS
        if lines.exists():
            for line in lines.read_text(encoding="utf-8").splitlines():
                write_marker(self.markers, Shard.from_json(json.loads(line)))


def _remove(path: Path) -> None:
    if path.is_dir():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
