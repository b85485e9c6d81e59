"""The stage view: what the stages of a run counted of themselves, read from the engine and shown as a table.

An engine may run a bundle of work more than once. **Attempted** counts all it did, **committed** only
what took effect. Which of them an engine tells is its own affair.
"""

import dataclasses
import logging
from collections.abc import Iterable
from typing import Any

from pipeline.summary import human_bytes
from transforms.steps.stage_metrics import BYTES, MICROSECONDS, NAMESPACE, REJECTED, SAMPLES

_LOGGER = logging.getLogger(__name__)

# As a sample meets them.
_ORDER = ("Read", "Pose", "Decode", "Landmarks", "Crop", "Depth", "Maps", "Encode", "WritePart", "Assemble")
_BAR = 10  # characters of a stage that takes all the time


@dataclasses.dataclass
class StageCounts:
    """What one stage did.

    Attributes:
        samples: how many it gave on.
        bytes: that it read or made.
        rejected: samples that it took out, by reason.
        calls: how often it ran: on a chunk; for Assemble, on a look for shards that can be written.
        seconds: of all workers together.
        slowest: seconds of the slowest call.
    """

    samples: int = 0
    bytes: int = 0
    rejected: dict[str, int] = dataclasses.field(default_factory=dict)
    calls: int = 0
    seconds: float = 0.0
    slowest: float = 0.0

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


def read_stages(result: Any) -> StageView | None:
    """Reads the stage view of a run that has ended from its Beam PipelineResult; None where the engine has none."""
    try:
        found = result.metrics().query()
        metrics = [
            metric
            for kind in ("counters", "distributions")
            for metric in found[kind]
            if metric.key.metric.namespace.startswith(NAMESPACE)
        ]
        committed = _by_stage((metric.key.metric, metric.committed) for metric in metrics)
        attempted = _by_stage((metric.key.metric, metric.attempted) for metric in metrics)
    except Exception:  # the run has done its work: whatever an engine does here must not fail it
        _LOGGER.debug("no metrics of this run", exc_info=True)
        return None
    if committed and attempted and not _holds(attempted, committed):
        attempted = {}  # Prism's: what bundles said of themselves last while they ran, not a sum
    return StageView(committed or None, attempted or None) if committed or attempted else None


def stage_table(view: StageView | None) -> list[str]:
    """The stage view as lines of at most 80 characters."""
    if view is None:
        return ["  this run by stage: the engine tells nothing of it"]
    shown, other = view.committed or view.attempted or {}, view.attempted or {}
    seconds = sum(counts.seconds for counts in shown.values())
    lines = [
        f"  this run by stage, {_way_of_counting(view)}",
        f"  {'':<12}{'samples':>11}{'size':>11}{'rejected':>10}{'seconds':>11}{'ms/sample':>11}",
    ]
    for stage, counts in shown.items():
        lines.append(f"{_row(stage, counts)}  {'#' * round(_BAR * counts.seconds / max(seconds, 1e-9))}".rstrip())
        lines += [f"    {reason:<32}{number:>10,}" for reason, number in sorted(counts.rejected.items())]
        if other.get(stage, counts) != counts:
            lines.append(_row("  attempted", other[stage]))
    return lines


def _way_of_counting(view: StageView) -> str:
    if view.committed is None:
        return "attempted (the engine does not tell committed)"
    if view.attempted is None:
        return "committed (the engine does not tell attempted)"
    return "committed " + ("= attempted" if view.attempted == view.committed else "(attempted, where it differs)")


def _row(name: str, counts: StageCounts) -> str:
    size = human_bytes(counts.bytes) if counts.bytes else ""
    rejected = f"{sum(counts.rejected.values()):,}" if counts.rejected else ""
    each = "" if counts.milliseconds is None else f"{counts.milliseconds:,.3f}"
    return f"  {name:<12}{counts.samples:>11,}{size:>11}{rejected:>10}{counts.seconds:>11,.2f}{each:>11}"


def _by_stage(values: Iterable[tuple[Any, Any]]) -> dict[str, StageCounts]:
    """Adds up metrics (Beam's MetricName, and the value or None) by stage, whichever step of the graph they are of."""
    stages: dict[str, StageCounts] = {}
    for metric, value in values:
        if value is None:
            continue
        counts = stages.setdefault(metric.namespace.removeprefix(NAMESPACE), StageCounts())
        if metric.name == SAMPLES:
            counts.samples += value
        elif metric.name == BYTES:
            counts.bytes += value
        elif metric.name == MICROSECONDS:
            counts.calls += value.count
            counts.seconds += value.sum / 1e6
            counts.slowest = max(counts.slowest, (value.max or 0) / 1e6)
        else:
            reason = metric.name.removeprefix(REJECTED)
            counts.rejected[reason] = counts.rejected.get(reason, 0) + value
    return {stage: stages[stage] for stage in (*_ORDER, *sorted(stages.keys() - {*_ORDER})) if stage in stages}


def _holds(attempted: dict[str, StageCounts], committed: dict[str, StageCounts]) -> bool:
    """Whether what was committed can be a part of what was attempted."""
    return all(
        stage in attempted and (attempted[stage].samples, attempted[stage].calls) >= (counts.samples, counts.calls)
        for stage, counts in committed.items()
    )
