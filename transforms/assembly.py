"""Assembly: the parts of a shard become the shard, soon after the last of them was written.

Its parts are then still in the page cache, and gone before the kernel would write them to disk. It is
done by whichever worker is first to write a part of a later shard, not by the one that wrote the last
part: that one is behind the others already, and would fall behind more with every shard. What is left
at the end (the last shards, those of killed attempts) is done by the step Assemble.
"""

import dataclasses
import shutil
from collections.abc import Iterable, Sequence
from pathlib import Path

from transforms.parts import find_shard_parts, part_shards, read_part, shard_folder
from transforms.plan_file import PlannedShard
from transforms.shards import Shard, assemble_shard, marker, write_marker


@dataclasses.dataclass(frozen=True)
class Assembly:
    """How the shards of a run are assembled.

    Attributes:
        folder: where shards are written.
        parts: the folder of parts.
        markers: the folder of markers of whole shards.
        seed: salt of the order of the records within a shard.
    """

    folder: Path
    parts: Path
    markers: Path
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
        shutil.rmtree(shard_folder(self.parts, planned.number), ignore_errors=True)
        return shard

    def assemble_complete(self, shards: Sequence[PlannedShard], before: int) -> list[Shard]:
        """Assembles the shards whose parts are all there, unless another process is at it.

        Args:
            shards: all that are planned, by number.
            before: the shard from which on not to look.

        Returns:
            Those that were written now.
        """
        written = []
        for number in part_shards(self.parts):
            if number < before:
                found = list(find_shard_parts(self.parts, number))
                if {part.chunk for part in found} == set(shards[number].chunks) and self._claim(number):
                    written.append(self.assemble(shards[number], [part.index_name for part in found]))
        return [shard for shard in written if shard]

    def _claim(self, number: int) -> bool:
        """Whether this process is the first to see that a shard's parts are complete."""
        try:
            (shard_folder(self.parts, number) / "claimed").touch(exist_ok=False)
        except (FileExistsError, FileNotFoundError):  # the latter: it has been assembled meanwhile
            return False
        return True
