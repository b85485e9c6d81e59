"""Assembly: the parts of a shard become the shard.

On a file system soon after the last of them was written: they are then still in the page cache, and
gone before the kernel would write them to disk. It is done by whichever worker is first to write a part
of a later shard, not by the one that wrote the last part: that one is behind the others already, and
would fall behind more with every shard. What is left at the end (the last shards, those of killed
attempts) is done by the step Assemble.

In an object store, which has no such cache, and no claim that only one of two gets, that step does all.
"""

import dataclasses
from collections.abc import Iterable, Sequence
from contextlib import suppress
from itertools import groupby
from pathlib import Path

from transforms.records.parts import find_parts, read_part, shard_folder
from transforms.records.plan_file import PlannedShard
from transforms.records.shards import Shard, assemble_shard, marker, write_marker
from transforms.storage import Place, remove


@dataclasses.dataclass(frozen=True)
class Assembly:
    """How the shards of a run are assembled.

    Attributes:
        folder: where shards are written.
        parts: the folder of parts.
        markers: the folder of markers of whole shards.
        seed: salt of the order of the records within a shard.
    """

    folder: Place
    parts: Place
    markers: Place
    seed: int

    def assemble(self, planned: PlannedShard, indices: Iterable[str]) -> Shard | None:
        """Writes a shard from its parts, marks it as whole, and takes the parts away.

        Does nothing where it is marked already.

        Returns:
            The shard, if it was written now.

        Raises:
            ValueError: a part is missing.
            OSError: a part is not whole, or the shard cannot be written.
        """
        if marker(self.markers, planned.number).exists():
            return None
        parts = [read_part(self.parts, index) for index in sorted(indices)]
        shard = assemble_shard(self.folder, self.parts, planned, parts, self.seed)
        write_marker(self.markers, shard)
        # With what killed attempts left there. What cannot go now goes with the whole folder of parts.
        with suppress(OSError):
            remove(shard_folder(self.parts, planned.number))
        return shard

    @property
    def is_eager(self) -> bool:
        """Whether shards are assembled by whoever sees that their parts are complete."""
        return isinstance(self.parts, Path)

    def assemble_complete(self, shards: Sequence[PlannedShard], before: int) -> list[Shard]:
        """Assembles the shards whose parts are all there, unless another process is at it. Where that is eager.

        Args:
            shards: all that are planned, by number.
            before: the shard from which on not to look.

        Returns:
            Those that were written now.
        """
        written = []
        for number, parts in groupby(find_parts(self.parts), key=lambda part: part.shard):
            if number < before:
                found = list(parts)
                if {part.chunk for part in found} == set(shards[number].chunks) and self._claim(number):
                    written.append(self.assemble(shards[number], [part.index_name for part in found]))
        return [shard for shard in written if shard]

    def _claim(self, number: int) -> bool:
        """Whether this process is the first to see that a shard's parts are complete."""
        folder = shard_folder(self.parts, number)
        assert isinstance(folder, Path)
        try:
            (folder / "claimed").touch(exist_ok=False)
        except (FileExistsError, FileNotFoundError):  # the latter: it has been assembled meanwhile
            return False
        return True
