"""Reads the counts of a run's stages from the Beam metrics that its engine reports."""

import logging
from collections.abc import Iterable
from typing import Any

from pipeline.run.summary import StageCounts, StageView
from transforms.errors import Stage
from transforms.steps.chunks import BYTES, MICROSECONDS, NAMESPACE, REJECTED, SAMPLES

_LOGGER = logging.getLogger(__name__)


def read_stages(result: Any) -> StageView | None:
    """Reads the stage view of a finished run from its Beam PipelineResult; None if the engine has none."""
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
    if committed and not _holds(attempted, committed):
        attempted = {}  # Prism's: what bundles said of themselves last while they ran, not a sum
    return StageView(committed or None, attempted or None) if committed or attempted else None


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
            if value.count:
                counts.add_calls(value.count, value.sum / 1e6, value.min / 1e6, value.max / 1e6)
        else:
            reason = metric.name.removeprefix(REJECTED)
            counts.rejected[reason] = counts.rejected.get(reason, 0) + value
    return {stage: stages[stage] for stage in (*Stage, *sorted(stages.keys() - {*Stage})) if stage in stages}


def _holds(attempted: dict[str, StageCounts], committed: dict[str, StageCounts]) -> bool:
    """Whether what was committed can be a part of what was attempted."""
    return all(
        stage in attempted and attempted[stage].samples >= counts.samples and attempted[stage].calls >= counts.calls
        for stage, counts in committed.items()
    )
