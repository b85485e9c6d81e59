"""The summary at the end of a conversion, with what each stage did.

The stages' counts are kept in run.json. An engine may run a bundle of work more than once: **attempted** counts every
attempt, **committed** only the successful ones. Not every engine reports both.
"""

import dataclasses
from typing import Any

from pipeline.run.run_files import REJECTED
from transforms.raw.configurations import COARSE
from transforms.storage import Place


def conversion_summary(folder: Place, manifest: dict[str, Any], seconds: float | None, table: list[str]) -> str:
    """The result, and the next commands, as text that fits a screen.

    Args:
        folder: the folder of the conversion.
        manifest: its manifest.
        seconds: how long it took; None for one that had finished before.
        table: lines on its stages; none if they had nothing to do.
    """
    counts = manifest["samples"]
    written, rejected = counts["written"], counts["rejected"]
    name = f"{manifest['name']}/{manifest['config']} {manifest['version']}"
    lines = [
        f"{name}: {written:,} samples in {seconds:.1f} s"
        if seconds
        else f"{name}: already finished, with the same input and options; nothing to do",
        f"planned {counts['planned']:,} = written {written:,} + rejected {rejected:,}",
        "",
        f"  {'split':<12} {'shards':>7} {'samples':>10} {'size':>10}",
    ]
    for split, entry in manifest["splits"].items():
        size = sum(shard["bytes"] for shard in entry["shards"])
        lines.append(f"  {split:<12} {len(entry['shards']):>7,} {entry['samples']:>10,} {human_bytes(size):>10}")
    if rejected:
        reasons = ", ".join(f"{reason} {count:,}" for reason, count in manifest["rejected_reasons"].items())
        lines += ["", f"  rejected: {reasons}", f"  each named in {folder / REJECTED}"]
    if table:
        lines += ["", *table]
    output = folder.parent.parent.parent
    split_to_show = "train" if "train" in manifest["splits"] else next(iter(manifest["splits"]), "train")
    config = "" if manifest["config"] == COARSE.name else f', config="{manifest["config"]}"'
    lines += [
        "",
        f"  folder   {folder}",
        f"  check    threedface verify {output}",
        f"  look     threedface report {output}",
        "  read     from pipeline import load",
        f'           dataset = load("{output}", "{split_to_show}"{config})',
    ]
    return "\n".join(lines)


def human_bytes(size: float) -> str:
    """A size in bytes for a person: 52.4 MiB."""
    for unit in ("B", "KiB", "MiB", "GiB"):
        if size < 1024:
            return f"{size:.0f} {unit}" if unit == "B" else f"{size:.1f} {unit}"
        size /= 1024
    return f"{size:.1f} TiB"


# As a sample meets them.

_BAR = 10  # characters of a stage that takes all the time


@dataclasses.dataclass
class StageCounts:
    """The work of one stage.

    Attributes:
        samples: the number that it passed on.
        bytes: those that it read or made.
        rejected: samples that it rejected, by reason.
        calls: how often it ran, once per chunk.
        seconds: the sum over all workers.
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
        """Of one worker per incoming sample; None without samples."""
        samples = self.samples + sum(self.rejected.values())
        return 1000 * self.seconds / samples if samples else None


@dataclasses.dataclass(frozen=True)
class StageView:
    """The work of a run's stages, by name; None for a way of counting that the engine does not report."""

    committed: dict[str, StageCounts] | None
    attempted: dict[str, StageCounts] | None

    @classmethod
    def from_json(cls, entry: dict[str, Any]) -> "StageView":
        """The reverse of `to_json`."""
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
        """Each stage with its committed counts, and the attempted ones if they differ.

        With the attempted counts alone if the engine does not report committed ones.
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
            return "attempted (the engine does not report committed)"
        if self.attempted is None:
            return "committed (the engine does not report attempted)"
        return "committed " + ("= attempted" if self.attempted == self.committed else "(attempted, where it differs)")


def stage_table(view: StageView | None) -> list[str]:
    """The stage view as lines of at most 80 characters."""
    if view is None:
        return ["  this run by stage: the engine reports nothing"]
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
