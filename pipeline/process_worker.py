"""A worker process of another engine: Beam's own worker, which leaves when the engine that started it is gone.

It is the command of ``--environment_type PROCESS`` (``--environment_options process_command=...``) on machines
where this package is installed. Beam's own command for that, ``boot`` of its container images, is a program in Go
that makes a virtual environment for each worker.
"""

import argparse
import importlib
import os
import threading

from pipeline.parent_process import leave_after

_TIMEOUT_SECONDS = 60.0


def main() -> None:
    """Works for the engine that started this process, as long as that lives."""
    # With PROCESS, engines start worker processes as their children.
    threading.Thread(target=leave_after, args=(os.getppid(),), daemon=True).start()
    parser = argparse.ArgumentParser(description="Started by an engine, not by hand.")
    parser.add_argument("--id", required=True)
    parser.add_argument("--provision_endpoint", required=True)
    arguments, _ = parser.parse_known_args()  # engines may give the other endpoints, too; they are those provisioned
    # Prism quotes it as for a shell, but starts none.
    os.environ["WORKER_ID"] = arguments.id.strip("'")
    # Only now, because Beam's modules read the worker's id when they are imported.
    from apache_beam.runners.worker import sdk_worker_main

    from pipeline.worker_options import keep_options_out_of_the_log

    keep_options_out_of_the_log()
    # All steps, before threads work: TensorFlow Datasets replaces Python's own import while it is imported; another
    # thread that imports something then, as Beam does at the start of a step, gets an object that it cannot use.
    importlib.import_module("pipeline.graph")

    os.environ.update(_provisioned(arguments.provision_endpoint, os.environ["WORKER_ID"]))
    sdk_worker_main.main([])
    os._exit(0)  # without waiting for threads that wait for the engine


def _provisioned(endpoint: str, worker: str) -> dict[str, str]:
    """What Beam's worker reads from its environment, as the engine answers it."""
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


if __name__ == "__main__":
    main()
