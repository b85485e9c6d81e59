"""In a process of its own: the settings last as long as the process."""

import json
import subprocess
import sys

PROGRAM = """
import json
import numpy
from threadpoolctl import threadpool_info
from transforms.process_settings import configure_process

configure_process()
print(json.dumps([library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"]))
"""


def test_blas_has_one_thread():
    done = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True)
    threads = json.loads(done.stdout)
    assert threads and set(threads) == {1}
