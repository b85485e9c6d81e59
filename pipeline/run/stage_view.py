"""The stage view: what the stages of a run counted of themselves, kept in run.json and shown as a table.

An engine may run a bundle of work more than once. **Attempted** counts all it did, **committed** only
what took effect. Which of them an engine tells is its own affair.
"""

import dataclasses
from typing import Any

from pipeline.run.summary import human_bytes

# As a sample meets them.
STAGES = ("Read", "Pose", "Decode", "Landmarks", "Crop", "Depth", "Maps", "Encode", "WriteShard")

_BAR = 10  # characters of a stage that takes all the time


@dataclasses.dataclass
class StageCounts:
    """What one stage did.

    Attributes:
        samples: how many it gave on.
        bytes: that it read or made.
        rejected: samples that it took out, by reason.
        calls: how often it ran, once per chunk.
        seconds: of all workers together.
        fastest: seconds of the fastest call.
        slowest: seconds of the slowest call.
    """

    samples: int = 0
    bytes: int = 0
    rejected: dict[str, int] = dataclasses.field(default_factory=dict)
    calls: int = 0
    seconds: float = 0.0
    fastest: float = 0.0
    slowest: float = 0.0

    def add_calls(self, calls: int, seconds: float, fastest: float, slowest: float) -> None:
        """Adds calls that took some seconds together."""
        self.fastest = min(self.fastest, fastest) if self.calls else fastest
        self.slowest = max(self.slowest, slowest)
        self.calls += calls
        self.seconds = round(self.seconds + seconds, 6)

    @property
    def milliseconds(self) -> float | None:
        """Of one worker for each sample that came in; None where none did."""
        samples = self.samples + sum(self.rejected.values())
        return 1000 * self.seconds / samples if samples else None


@dataclasses.dataclass(frozen=True)
class StageView:
    """What the stages of one run did, by name; None for the way of counting that the engine does not tell."""

    committed: dict[str, StageCounts] | None
    attempted: dict[str, StageCounts] | None

    @classmethod
    def from_json(cls, entry: dict[str, Any]) -> "StageView":
        """What `to_json` gave."""
        return cls(
            **{
                way: stages and {stage: StageCounts(**counts) for stage, counts in stages.items()}
                for way, stages in entry.items()
            }
        )

    def to_json(self) -> dict[str, Any]:
        """As run.json holds it."""
        return dataclasses.asdict(self)

    @property
    def rows(self) -> list[tuple[str, StageCounts, StageCounts | None]]:
        """Each stage with what it committed, and what it attempted where that differs.

        With what it attempted alone where the engine does not tell what was committed.
        """
        shown, attempted = self.committed or self.attempted or {}, self.attempted or {}
        return [
            (stage, counts, attempted[stage] if attempted.get(stage, counts) != counts else None)
            for stage, counts in shown.items()
        ]

    @property
    def way_of_counting(self) -> str:
        """Whether the numbers are of what was committed or attempted."""
        if self.committed is None:
            return "attempted (the engine does not tell committed)"
        if self.attempted is None:
            return "committed (the engine does not tell attempted)"
        return "committed " + ("= attempted" if self.attempted == self.committed else "(attempted, where it differs)")


def stage_table(view: StageView | None) -> list[str]:
    """The stage view as lines of at most 80 characters."""
    if view is None:
        return ["  this run by stage: the engine tells nothing of it"]
    rows = view.rows
    seconds = sum(counts.seconds for _, counts, _ in rows)
    lines = [
        f"  this run by stage, {view.way_of_counting}",
        f"  {'':<12}{'samples':>11}{'size':>11}{'rejected':>10}{'seconds':>11}{'ms/sample':>11}",
    ]
    for stage, counts, attempted in rows:
        lines.append(f"{_row(stage, counts)}  {'#' * round(_BAR * counts.seconds / max(seconds, 1e-9))}".rstrip())
        lines += [f"    {reason:<32}{number:>10,}" for reason, number in sorted(counts.rejected.items())]
        lines += [_row("  attempted", attempted)] if attempted else []
    return lines


def _row(name: str, counts: StageCounts) -> str:
    size = human_bytes(counts.bytes) if counts.bytes else ""
    rejected = f"{sum(counts.rejected.values()):,}" if counts.rejected else ""
    each = "" if counts.milliseconds is None else f"{counts.milliseconds:,.3f}"
    return f"  {name:<12}{counts.samples:>11,}{size:>11}{rejected:>10}{counts.seconds:>11,.2f}{each:>11}"
