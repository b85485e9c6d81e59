"""In processes of their own, which the settings last as long as."""

import json
import platform
import subprocess
import sys

import pytest

PROGRAM = """
import json, resource, sys
import numpy
from threadpoolctl import threadpool_info
from transforms.process_settings import settle_process

if sys.argv[1] == "settled":
    settle_process()
faults = []
for _ in range(12):  # chunks of 240 pictures, each gone before the next
    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    [bytes(54_000) for _ in range(240)]
    faults.append(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
threads = [library["num_threads"] for library in threadpool_info() if library["user_api"] == "blas"]
print(json.dumps([sum(faults[2:]), threads]))
"""


def told(how):
    done = subprocess.run([sys.executable, "-c", PROGRAM, how], capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


def test_blas_has_one_thread():
    _, threads = told("settled")
    assert threads and set(threads) == {1}


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="of glibc")
def test_freed_pages_serve_the_next_chunk():
    pages_of_ten_chunks = 10 * 240 * 54_000 // 4096
    assert told("as it was")[0] > pages_of_ten_chunks / 2
    assert told("settled")[0] < pages_of_ten_chunks / 50
