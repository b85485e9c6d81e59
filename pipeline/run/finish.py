"""Finish: the one last step. Reconciles the counts, then writes metadata, manifest and rejected list."""

import dataclasses

import apache_beam as beam

from pipeline.run.metadata import RunFacts, write_manifest, write_metadata
from pipeline.run.run_folder import RunFolder
from transforms.errors import Reject
from transforms.records.plan_file import PlanHeader, read_plan_header
from transforms.records.shards import Shard, read_sidecars


@dataclasses.dataclass
class Finish(beam.PTransform):
    """Closes a run once all shards are written.

    Attributes:
        folder: the folders of the run.
        facts: what the metadata say of configuration and face model.
        written: numbers of the shards that this run wrote; Finish waits for them.
    """

    folder: RunFolder
    facts: RunFacts
    written: beam.PCollection[int]

    def expand(self, pipeline: beam.Pipeline) -> beam.PCollection[None]:
        """Runs once, after the shards."""
        once = pipeline | "Once" >> beam.Create([self.folder])
        return once | "WriteMetadata" >> beam.Map(finish, self.facts, beam.pvalue.AsList(self.written))


def finish(folder: RunFolder, facts: RunFacts, _written: list[int]) -> None:
    """Checks that nothing was lost, and writes what a reader of the shards needs.

    Raises:
        RuntimeError: planned is not written + rejected, or a shard is missing.
    """
    header = read_plan_header(folder.plan)
    shards = read_sidecars(folder.sidecars)
    rejected = sorted([*header.rejects, *(reject for shard in shards for reject in shard.rejects)])
    reconcile(header, shards, rejected)
    write_metadata(folder.shards, facts, shards, rejected)
    write_manifest(folder.unfinished, facts, header, shards, rejected)


def reconcile(header: PlanHeader, shards: list[Shard], rejected: list[Reject]) -> None:
    """Raises RuntimeError unless every planned shard is there, and every planned sample written or rejected."""
    if [shard.planned for shard in shards] != list(header.shards):
        raise RuntimeError(f"{len(header.shards)} shards planned, {len(shards)} written, or not the same")
    written = sum(shard.samples for shard in shards)
    if written + len(rejected) != header.samples or len({reject.key for reject in rejected}) != len(rejected):
        raise RuntimeError(f"{header.samples} samples planned, but {written} written and {len(rejected)} rejected")
