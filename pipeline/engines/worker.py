"""A worker process: Beam's own worker with the steps of this project."""

import importlib
import logging
import os
import time

from transforms.process_settings import leave_out_of_beam

_TIMEOUT_SECONDS = 60.0
_POLL_SECONDS = 0.5


def import_steps() -> None:
    """Imports all steps, which takes a second.

    Before threads work: TensorFlow Datasets replaces Python's own import while it is imported; another thread that
    imports something then, as Beam does at the start of a step, gets an object that it cannot use.
    """
    leave_out_of_beam()
    importlib.import_module("pipeline.graph")
    importlib.import_module("transforms.face.decode")  # and numba, which the launcher does without


def work(worker: str, provision_endpoint: str) -> None:
    """Works for an engine until it is done, then ends this process.

    Args:
        worker: the id of this process for the engine.
        provision_endpoint: the engine's provision service, which gives the other settings.
    """
    import_steps()
    os.environ["WORKER_ID"] = worker
    # Only now, because Beam's modules read the worker's id when they are imported.
    from apache_beam.runners.worker import sdk_worker_main

    # At INFO it logs all its options, perhaps with credentials.
    logging.getLogger("apache_beam.runners.worker.sdk_worker_main").setLevel(logging.WARNING)
    os.environ.update(_provisioned(provision_endpoint, worker))
    sdk_worker_main.main([])
    os._exit(0)  # does not wait for threads that wait for the engine


def _provisioned(endpoint: str, worker: str) -> dict[str, str]:
    """The environment variables of Beam's worker, from the engine's answer."""
    import grpc
    from apache_beam.portability.api import beam_provision_api_pb2, beam_provision_api_pb2_grpc
    from google.protobuf import json_format, text_format

    with grpc.insecure_channel(endpoint) as channel:
        service = beam_provision_api_pb2_grpc.ProvisionServiceStub(channel)
        info = service.GetProvisionInfo(
            beam_provision_api_pb2.GetProvisionInfoRequest(),
            metadata=[("worker_id", worker)],
            timeout=_TIMEOUT_SECONDS,
            wait_for_ready=True,
        ).info
    provisioned = {
        "PIPELINE_OPTIONS": json_format.MessageToJson(info.pipeline_options),
        "LOGGING_API_SERVICE_DESCRIPTOR": text_format.MessageToString(info.logging_endpoint),
        "CONTROL_API_SERVICE_DESCRIPTOR": text_format.MessageToString(info.control_endpoint),
        "RUNNER_CAPABILITIES": " ".join(info.runner_capabilities),
    }
    if info.HasField("status_endpoint"):
        provisioned["STATUS_API_SERVICE_DESCRIPTOR"] = text_format.MessageToString(info.status_endpoint)
    return provisioned


def leave_after(parent: int) -> None:
    """Waits until this process has another parent than the given one, and ends it then."""
    while os.getppid() == parent:
        time.sleep(_POLL_SECONDS)
    os._exit(1)
