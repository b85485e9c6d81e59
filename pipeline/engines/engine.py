"""Runs a pipeline on the local engine or on the requested runner.

The local engine is Beam's FnApiRunner: in process with one worker, else with one process per worker. (Beam's
DirectRunner downloads Prism and uses it.)
"""

import logging
import re
import signal
import threading
from collections.abc import Callable

import apache_beam as beam
import grpc
from apache_beam.options.pipeline_options import PipelineOptions, StandardOptions
from apache_beam.options.pipeline_options_validator import PipelineOptionsValidator
from apache_beam.portability.api import beam_provision_api_pb2
from apache_beam.runners.job.utils import dict_to_struct
from apache_beam.runners.portability.fn_api_runner import FnApiRunner
from apache_beam.runners.portability.fn_api_runner.fn_runner import ExtendedProvisionInfo
from apache_beam.runners.runner import PipelineState, create_runner

from pipeline.engines.dataflow import check_dataflow, is_dataflow, job_flags, run_job
from pipeline.engines.engine_metrics import read_stages
from pipeline.engines.job_server import check_job_server, stopping_job_server
from pipeline.engines.worker_pool import WorkerPool
from pipeline.options import OPTIONS, unknown_option
from pipeline.run.summary import StageView
from transforms.errors import RunFailed, UserError

_LOGGER = logging.getLogger(__name__)

_AGAIN = "the same command resumes from the finished shards"


def runner_name(flags: list[str]) -> str | None:
    """The Beam runner that flags ask for; None for the local engine."""
    return PipelineOptions(flags).view_as(StandardOptions).runner


def check_flags(flags: list[str], workers: object) -> None:
    """Checks the flags that are not options of ``convert``.

    Args:
        flags: for Beam, or mistyped.
        workers: the value of --workers if it was given.

    Raises:
        UserError: Beam does not know a flag, or it does not go with the rest, or something would be downloaded.
    """
    known = PipelineOptions([]).get_all_options()
    for before, flag in zip(["", *flags], flags, strict=False):
        is_value = not flag.startswith("--") and before.startswith("--") and "=" not in before
        if not is_value and flag.removeprefix("--").split("=")[0] not in known:
            raise unknown_option(flag.partition("=")[0], [f"--{name}" for name in (*OPTIONS, *known)])
    runner = runner_name(flags)
    if runner and runner.rpartition(".")[2].lower().removesuffix("runner") in ("direct", "switchingdirect"):
        raise UserError(f"--runner {runner} downloads a program at run time; leave --runner out for the local engine")
    if runner and workers:
        raise UserError(f"--workers is of the local engine; --runner {runner} has options of its own")
    if runner:
        try:
            created = create_runner(runner)
        except (ValueError, ImportError, AttributeError) as error:
            raise UserError(f"--runner {runner}: {' '.join(str(error).split())}") from None
        if is_dataflow(flags):
            check_dataflow(flags)
        if errors := PipelineOptionsValidator(PipelineOptions(flags), created).validate():
            raise UserError(f"--runner {runner}: {' '.join(errors[0].split())}")
        check_job_server(runner, created, flags)


def runner_flags(flags: list[str], output: object) -> list[str]:
    """Flags with what the runner must know of the run.

    Args:
        flags: of Beam.
        output: the folder that the run writes to.

    Raises:
        UserError: the runner is at work on that folder already, or cannot be reached as the flags say.
    """
    return job_flags(flags, output) if is_dataflow(flags) else flags


def run_pipeline(
    build: Callable[[beam.Pipeline], None], pool: WorkerPool, workers: int, flags: list[str]
) -> StageView | None:
    """Builds and runs a pipeline, and waits until it is done; or only translates it, if the flags say so.

    Args:
        build: adds the steps.
        pool: the worker processes of the local engine.
        workers: their number; one means this process.
        flags: of Beam; without --runner the local engine is used.

    Returns:
        The counts of the stages; None if the engine does not report them.

    Raises:
        RunFailed: a step failed, a worker process died, or the engine ended the run otherwise.
    """
    asked = runner_name(flags)
    watch = _WorkerWatch()
    if asked or workers == 1:
        pipeline = beam.Pipeline(
            runner=create_runner(asked) if asked else FnApiRunner(), options=PipelineOptions(flags)
        )
    else:
        runner = FnApiRunner(default_environment=pool.environment(watch.died), provision_info=_provisioned(flags))
        options = PipelineOptions([*flags, f"--direct_num_workers={workers}"])
        pipeline = beam.Pipeline(runner=runner, options=options)
    build(pipeline)
    with watch, stopping_job_server(pipeline.runner):
        try:
            if is_dataflow(flags):
                result = run_job(pipeline, flags)  # which raises unless the job has succeeded
            else:
                result = pipeline.run()
                if (state := result.wait_until_finish()) != PipelineState.DONE:
                    raise RunFailed(f"the engine ended the run as {state}; {_AGAIN}")
        except RuntimeError as error:  # what Beam makes of any error in a step
            raise RunFailed(_failure(str(error))) from error
        except (grpc.RpcError, grpc.FutureTimeoutError) as error:
            reason = error.code().name if isinstance(error, grpc.Call) else "it does not answer"
            raise RunFailed(f"the engine's job server is gone ({reason}); {_AGAIN}") from error
        return read_stages(result)


def _failure(text: str) -> str:
    """The error itself and its step, from the remote traceback that Beam makes of them."""
    lines = [line for line in text.splitlines() if line.strip() and not re.match(r"\s+(at |\.\.\. )", line)]
    for line in reversed(lines):  # engines in Java add tracebacks of their own below
        if match := re.match(r"(?:.*?RuntimeError: )?(.*) \[while running '([^/']+)[^']*'\]", line):
            return f"step {match[2]} failed: {match[1]}; --debug shows where"
    reason = re.sub(r"^Pipeline \S+ failed in state \w+: ", "", lines[-1].strip()) if lines else "it does not say why"
    return f"the engine ended the run: {reason.rstrip('.')}; {_AGAIN}, --debug shows its log"


class _WorkerWatch:
    """Ends the wait for a worker process that has died, which FnApiRunner would keep up for ever.

    The main thread is interrupted until it leaves: one interrupt may end in the runner's own clean-up,
    which waits for the same process.
    """

    def __init__(self) -> None:
        self._died = ""
        self._left = threading.Event()

    def __enter__(self) -> None:
        self._hook = threading.excepthook
        threading.excepthook = _log_error
        # Not SIGINT: a shell has its background jobs ignore that.
        self._handler = signal.signal(signal.SIGUSR1, signal.default_int_handler)

    def __exit__(self, *_: object) -> None:
        self._left.set()
        if self._died:  # the hook stays: threads that were connected to the worker may fail still later
            raise RunFailed(f"a worker process was killed ({self._died}); out of memory? Try --workers 1") from None
        threading.excepthook = self._hook
        signal.signal(signal.SIGUSR1, self._handler)

    def died(self, how: str) -> None:
        """Takes note of the first worker process that has died."""
        if not self._died:
            self._died = how
            threading.Thread(target=self._interrupt, daemon=True).start()

    def _interrupt(self) -> None:
        main_thread = threading.main_thread().ident
        while main_thread is not None and not self._left.is_set():
            signal.pthread_kill(main_thread, signal.SIGUSR1)  # unlike interrupt_main, wakes one that waits for a lock
            self._left.wait(1.0)


def _log_error(error: threading.ExceptHookArgs) -> None:
    """Threads that were connected to a worker that has died fail as well: that is for --debug only."""
    if error.exc_value is not None:
        _LOGGER.error("error in thread %s", error.thread.name if error.thread else "?", exc_info=error.exc_value)


def _provisioned(flags: list[str]) -> ExtendedProvisionInfo:
    """The provision info of FnApiRunner's workers with Beam's flags, which Beam leaves out.

    They may hold credentials of an object store: these go from memory to memory, and are not logged.
    """
    options = PipelineOptions(flags).get_all_options(drop_default=True)
    # Numbers would arrive as 1.0.
    texts = {f"beam:option:{name}:v1": str(value) if type(value) is int else value for name, value in options.items()}
    return ExtendedProvisionInfo(
        beam_provision_api_pb2.ProvisionInfo(retrieval_token="unused", pipeline_options=dict_to_struct(texts))
    )
