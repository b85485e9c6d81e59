"""Finish: the one last step. Reconciles the counts, then writes metadata, manifest and rejected list."""

import dataclasses
from pathlib import Path

import apache_beam as beam

from pipeline.metadata import RunFacts, write_metadata
from transforms.plan_file import PlanHeader, read_plan_header
from transforms.reject import Reject
from transforms.shards import Shard


@dataclasses.dataclass
class Finish(beam.PTransform):
    """Closes a run once all shards are written.

    Attributes:
        folder: the folder of the unfinished run.
        plan: the plan file.
        facts: what the manifest says of the run's input.
        shards: the written shards.
        rejected: the samples that steps rejected.
    """

    folder: Path
    plan: Path
    facts: RunFacts
    shards: beam.PCollection[Shard]
    rejected: beam.PCollection[Reject]

    def expand(self, pipeline: beam.Pipeline) -> beam.PCollection:
        """Runs once, with all shards and rejects."""
        return (
            pipeline
            | "Once" >> beam.Create([self.folder])
            | "WriteMetadata"
            >> beam.Map(
                finish,
                self.plan,
                self.facts,
                beam.pvalue.AsList(self.shards),
                beam.pvalue.AsList(self.rejected),
            )
        )


def finish(folder: Path, plan: Path, facts: RunFacts, shards: list[Shard], rejected: list[Reject]) -> None:
    """Checks that nothing was lost, and writes what a reader of the shards needs.

    Raises:
        RuntimeError: planned is not written + rejected, or a shard is missing.
    """
    header = read_plan_header(plan)
    shards = sorted(shards, key=lambda shard: shard.planned.number)
    rejected = sorted([*header.rejects, *rejected])
    reconcile(header, shards, rejected)
    write_metadata(folder, facts, header, shards, rejected)


def reconcile(header: PlanHeader, shards: list[Shard], rejected: list[Reject]) -> None:
    """Raises RuntimeError unless every planned shard is there, and every planned sample written or rejected."""
    written = sum(shard.samples for shard in shards)
    if [shard.planned for shard in shards] != list(header.shards):
        raise RuntimeError(f"{len(header.shards)} shards planned, {len(shards)} written, or not the same")
    if written + len(rejected) != header.samples or len({reject.key for reject in rejected}) != len(rejected):
        raise RuntimeError(f"{header.samples} samples planned, but {written} written and {len(rejected)} rejected")
