"""What Beam's DataflowRunner makes of the graph, and how large that is."""

import json
from pathlib import Path

import apache_beam as beam
import numpy as np
import pytest
from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.portability.api import beam_runner_api_pb2

from pipeline.graph import GraphSettings, build_graph
from pipeline.run.local_run import LocalRun
from pipeline.run.metadata import RunFacts
from transforms.raw.configurations import COARSE
from transforms.records.plan_file import LineAddress, write_list
from transforms.records.schema import Contents

STEPS = ["Shards", "Read", "Pose", "Decode", "Landmarks", "Encode", "WriteShard", "Finish"]
REQUEST, GRAPH = 20 << 20, 10 << 20  # Dataflow's limits, in bytes
CLOSURE = 64 << 10


@pytest.fixture(scope="module")
def translated(arguments, google, threedface, gs_emulator):
    """The output of a conversion that was only translated, and the pipeline and the job that were staged."""
    output = gs_emulator.folder()
    done = threedface(
        *arguments(output, "--template_location", "gs://threedface-test/translated/job.json"),
        *("--sdk_container_image", "an/image:1"),
        **google.environment,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr.endswith("1.0.0.unfinished: planned, and translated for Dataflow; nothing was run\n")
    stored = google.objects()
    job = json.loads(stored["translated/job.json"])
    url = job["environment"]["sdkPipelineOptions"]["options"]["pipelineUrl"]
    pipeline = stored[url.removeprefix("gs://threedface-test/")]
    return output, beam_runner_api_pb2.Pipeline.FromString(pipeline), job


def test_the_graph_has_the_steps_by_their_names(translated):
    _, pipeline, _ = translated
    transforms = pipeline.components.transforms
    (root,) = pipeline.root_transform_ids
    names = [transforms[name].unique_name for name in transforms[root].subtransforms]
    assert [name for name in names if name in STEPS] == STEPS


def test_the_job_is_what_was_asked_for(translated):
    _, pipeline, job = translated
    (pool,) = job["environment"]["workerPools"]
    assert pool["workerHarnessContainerImage"] == "an/image:1"
    assert not pool.get("packages")  # nothing is installed on workers: the image has it
    assert job["name"].startswith("threedface-") and len(job["name"]) < 64
    (environment,) = pipeline.components.environments.values()
    assert not environment.dependencies
    # Several processes on a machine are in one container, and share the pages of the face model.
    assert "beam:protocol:sibling_workers:v1" in environment.capabilities


def test_closures_are_small(translated):
    _, pipeline, job = translated
    sizes = {name: step.ByteSize() for name, step in pipeline.components.transforms.items()}
    assert max(sizes.values()) < CLOSURE, sizes
    assert len(json.dumps(job)) < REQUEST // 100


def test_chunks_are_coded_by_their_coder(translated):
    """Pickled chunk by chunk, they would be measured by pickling 13 MB."""
    _, pipeline, _ = translated
    parts = pipeline.components
    chunks = [step for step in parts.transforms.values() if step.unique_name in STEPS[1:6]]
    coders = [parts.coders[parts.pcollections[name].coder_id] for step in chunks for name in step.outputs.values()]
    assert len(coders) == 5 and all(b"ChunkCoder" in coder.spec.payload for coder in coders)


def test_a_real_run_takes_up_what_was_planned(translated, threedface, raw, stored, model_cache, google):
    output, _, _ = translated
    # fmt: off
    done = threedface(
        "convert", "--input", stored, "--bfm", raw.bfm, "--expression", raw.expression, "--output", output,
        "--model_cache", model_cache, "--splits", "train=0.6,validation=0.2,test=0.2", "--num_shards", 2,
        **google.environment,
    )
    # fmt: on
    assert done.returncode == 0, done.stderr
    assert "written 30" in done.stdout


def test_beams_own_dry_run_asks_for_nothing_to_stage_in(arguments, google, threedface, output):
    staging = ["--staging_location", "gs://no-such-bucket/staging", "--temp_location", "gs://no-such-bucket/tmp"]
    more = ["--dry_run=True", "--sdk_container_image", "an/image:1", *staging]
    done = threedface(*arguments(output, *more), **google.environment)
    assert done.returncode == 0, done.stderr
    assert "nothing was run" in done.stderr


def test_ten_thousand_shards_are_a_small_graph(google, monkeypatch, tmp_path):
    """A hundred times the data set."""
    for name, value in google.environment.items():
        monkeypatch.setenv(name, value)
    points = np.arange(512, dtype=np.int32)
    facts = RunFacts(COARSE, Contents(512, cropped=False, maps=()), None, points, np.ones(100), np.ones(79))
    settings = GraphSettings(
        folder=LocalRun(tmp_path / "1.0.0"),
        inputs=[Path("/input")],
        image_check="scan",
        model=Path("/model"),
        point_vertices=points,
        row_offset=-1,
        crop=None,
        seed=0,
        facts=facts,
    )
    settings.folder.unfinished.mkdir()
    work = write_list(
        settings.folder.work, [[LineAddress(10**9 + 20_000 * number, 20_000)] * 10 for number in range(10_000)]
    )
    flags = ["--runner=DataflowRunner", "--project=my-project", "--region=europe-west1", "--dry_run=True"]
    flags += ["--temp_location=gs://threedface-test/tmp", "--no_save_main_session"]
    pipeline = beam.Pipeline(options=PipelineOptions(flags))
    build_graph(pipeline, settings, work)
    assert pipeline.run().job.proto_pipeline.ByteSize() < GRAPH // 100
