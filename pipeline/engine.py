"""Runs a pipeline: on the local engine, named so that nothing is fetched, or on the runner asked for.

The local engine is Beam's FnApiRunner: in process for one worker, with one process a worker
otherwise. (Beam's DirectRunner hands over to Prism, which it downloads.)
"""

import _thread
import shlex
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import apache_beam as beam
from apache_beam.options.pipeline_options import PipelineOptions, StandardOptions
from apache_beam.runners.portability.fn_api_runner import FnApiRunner
from apache_beam.transforms.environments import SubprocessSDKEnvironment

from transforms.errors import RunFailed, UserError


def runner_name(flags: list[str]) -> str | None:
    """The Beam runner that flags ask for; None for the local engine."""
    return PipelineOptions(flags).view_as(StandardOptions).runner


def check_flags(flags: list[str], workers: int | None) -> None:
    """Checks flags that are not ours.

    Args:
        flags: of Beam, as it seems.
        workers: --workers, if it was given.

    Raises:
        UserError: Beam does not know a flag, or it does not go with the rest.
    """
    known = PipelineOptions([]).get_all_options()
    for before, flag in zip(["", *flags], flags, strict=False):
        is_value = not flag.startswith("--") and before.startswith("--") and "=" not in before
        if not is_value and flag.removeprefix("--").split("=")[0] not in known:
            raise UserError(f"unknown option {flag}; see threedface convert --help, and Beam's pipeline options")
    runner = runner_name(flags)
    if runner and "DirectRunner" in runner:
        raise UserError(f"--runner {runner} downloads a program at run time; leave --runner out for the local engine")
    if runner and workers:
        raise UserError(f"--workers is of the local engine; --runner {runner} has options of its own")


def run_pipeline(build: Callable[[beam.Pipeline], None], workers: int, flags: list[str], log: Path) -> None:
    """Builds and runs a pipeline, and waits until it is done.

    Args:
        build: adds the steps.
        workers: processes of the local engine.
        flags: of Beam; without --runner the local engine is used.
        log: what the local engine's worker processes print.

    Raises:
        RunFailed: a step failed, or a worker process died.
    """
    if runner_name(flags):
        pipeline = beam.Pipeline(options=PipelineOptions(flags))
    elif workers == 1:
        pipeline = beam.Pipeline(runner=FnApiRunner(), options=PipelineOptions(flags))
    else:
        command = f"exec {shlex.quote(sys.executable)} -m apache_beam.runners.worker.sdk_worker_main"
        environment = SubprocessSDKEnvironment.from_command_string(f"{command} 2>> {shlex.quote(str(log))}")
        options = PipelineOptions([*flags, f"--direct_num_workers={workers}"])
        pipeline = beam.Pipeline(runner=FnApiRunner(default_environment=environment), options=options)
    build(pipeline)
    with _WorkerWatch() as watch:
        try:
            pipeline.run().wait_until_finish()
        except KeyboardInterrupt:
            if watch.died:
                raise RunFailed(f"a worker process was killed ({watch.died}); out of memory? Try --workers 1") from None
            raise
        except RuntimeError as error:  # what Beam makes of any error in a step
            raise RunFailed(_last_line(str(error))) from error


def _last_line(text: str) -> str:
    """The error itself, which ends the remote traceback that Beam puts before it."""
    return text.strip().splitlines()[-1].removeprefix("RuntimeError: ")


class _WorkerWatch:
    """Ends the wait for a worker process that has died, which FnApiRunner would keep up for ever.

    The runner's thread for that process raises an error that nobody receives but the thread hook.
    """

    def __init__(self) -> None:
        self.died = ""

    def __enter__(self) -> "_WorkerWatch":
        self._hook = threading.excepthook
        threading.excepthook = self._note
        return self

    def __exit__(self, *_: object) -> None:
        threading.excepthook = self._hook

    def _note(self, error: threading.ExceptHookArgs) -> None:
        if error.thread is not None and error.thread.name == "run_worker":
            self.died = str(error.exc_value)
            _thread.interrupt_main()
        else:
            self._hook(error)
