"""Beam's flags in worker processes: handed to those of the local engine, which Beam does not do, and never logged.

They hold how an object store is reached, perhaps with credentials: these go from memory to memory.
"""

import logging

from apache_beam.options.pipeline_options import PipelineOptions
from apache_beam.portability.api import beam_provision_api_pb2
from apache_beam.runners.job.utils import dict_to_struct
from apache_beam.runners.portability.fn_api_runner.fn_runner import ExtendedProvisionInfo


def provisioned(flags: list[str]) -> ExtendedProvisionInfo:
    """What FnApiRunner gives to its workers, with the flags."""
    options = PipelineOptions(flags).get_all_options(drop_default=True)
    # Numbers would arrive as 1.0.
    texts = {f"beam:option:{name}:v1": str(value) if type(value) is int else value for name, value in options.items()}
    return ExtendedProvisionInfo(
        beam_provision_api_pb2.ProvisionInfo(retrieval_token="unused", pipeline_options=dict_to_struct(texts))
    )


def keep_options_out_of_the_log() -> None:
    """A worker logs all its options when it starts, which --debug would show."""
    logging.getLogger("apache_beam.runners.worker.sdk_worker_main").setLevel(logging.WARNING)
