"""Carries out a pipeline that was staged for Dataflow: carry_out.py PIPELINE PYTHON, with workers of that Python."""

import sys
from pathlib import Path

from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.portability import python_urns
from apache_beam.portability.api import beam_runner_api_pb2
from apache_beam.runners.portability.fn_api_runner import FnApiRunner

pipeline = beam_runner_api_pb2.Pipeline.FromString(Path(sys.argv[1]).read_bytes())
for environment in pipeline.components.environments.values():
    environment.urn = python_urns.SUBPROCESS_SDK
    environment.payload = f"exec {sys.argv[2]} -m apache_beam.runners.worker.sdk_worker_main".encode()
    del environment.dependencies[:]
FnApiRunner().run_via_runner_api(pipeline, PipelineOptions(["--direct_num_workers=2"]))
