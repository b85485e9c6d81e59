"""Looks at the files of a family: what they begin with, how large they are, what cannot be read."""

import dataclasses
from collections import Counter

from pipeline.describe.layout_proposal.name_patterns import Family
from pipeline.describe.layout_proposal.sniffing import HEAD_BYTES, Sniffed, sniff
from pipeline.describe.spot_check import evenly
from transforms.errors import BadSample
from transforms.raw.files import RawFile, RawInput, read_raw_file

LOOKED_AT = 200


@dataclasses.dataclass(frozen=True)
class Look:
    """What a family's files are.

    Attributes:
        family: the files.
        heads: how many files begin in each way, of those looked at.
        bytes: how many files there are of each size, of all.
        unreadable: files looked at that cannot be read.
    """

    family: Family
    heads: Counter[Sniffed]
    bytes: Counter[int]
    unreadable: int

    @property
    def usual(self) -> Sniffed:
        """How most of the files begin, whatever rows and columns they have; with the commonest of these."""
        kinds: Counter[tuple[str, str]] = Counter()
        for head, count in self.heads.items():
            kinds[head.kind, head.said] += count
        (kind, said), _ = kinds.most_common(1)[0]
        return next(head for head, _ in self.heads.most_common() if (head.kind, head.said) == (kind, said))

    @property
    def looked_at(self) -> int:
        """How many files were looked at."""
        return self.heads.total() + self.unreadable

    @property
    def of_usual_kind(self) -> int:
        """How many of the files looked at begin as most do."""
        usual = self.usual
        return sum(count for head, count in self.heads.items() if (head.kind, head.said) == (usual.kind, usual.said))

    @property
    def sizes(self) -> Counter[tuple[int, int]]:
        """How many of the files looked at have each number of rows and columns, where their first bytes say."""
        sizes: Counter[tuple[int, int]] = Counter()
        for head, count in self.heads.items():
            if head.size:
                sizes[head.size] += count
        return sizes


def look_at(inputs: list[RawInput], family: Family) -> Look:
    """Reads the first bytes of up to LOOKED_AT of a family's files, spread evenly."""
    heads: Counter[Sniffed] = Counter()
    unreadable = 0
    for file in evenly(list(family.files.values()), LOOKED_AT):
        try:
            heads[sniff(_head(inputs, file))] += 1
        except BadSample:
            unreadable += 1
    if not heads:
        heads[Sniffed("empty", "nothing that can be read")] = 0
    return Look(family, heads, Counter(file.bytes for file in family.files.values()), unreadable)


def _head(inputs: list[RawInput], file: RawFile) -> bytes:
    return read_raw_file(inputs, file, HEAD_BYTES - 1)[:HEAD_BYTES]
