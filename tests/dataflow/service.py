"""A stand-in for the Dataflow service, as far as Beam's DataflowRunner speaks with it: service.py FOLDER PORT_FILE

It takes jobs over HTTP, fetches what was staged for them, installs the staged package in an environment
of its own, and has workers of that environment carry out the staged pipeline. Dataflow's own workers are
containers, and many; what they get, and what they must find installed, is the same. Of each job it
keeps FOLDER/<id>/: the request, what was staged, the environment, and what the workers printed.

Names of jobs steer it: "stays" in a name has the job be at work for ever, "other-pillow" has the workers find
another version of that package.
"""

import json
import os
import re
import subprocess
import sys
import threading
import urllib.parse
import urllib.request
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

FOLDER = Path(sys.argv[1]).resolve()
JOBS: dict[str, dict] = {}
ERRORS: dict[str, str] = {}
JOB = re.compile(r"/v1b3/projects/[^/]+/locations/[^/]+/jobs(?:/(?P<id>[^/]+)(?P<what>/messages|/metrics)?)?")


class Service(BaseHTTPRequestHandler):
    def do_GET(self):
        match = JOB.fullmatch(self.path.split("?")[0])
        if match["id"] is None:
            active = [job for job in JOBS.values() if job["currentState"] == "JOB_STATE_RUNNING"]
            self._answer({"jobs": active})
        elif match["what"] == "/messages":
            self._answer({"jobMessages": self._messages(match["id"])})
        elif match["what"] == "/metrics":
            self._answer({"metrics": []})
        else:
            self._answer(JOBS[match["id"]])

    def do_POST(self):
        request = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        job = {**request, "id": f"job-{len(JOBS)}", "currentState": "JOB_STATE_RUNNING"}
        folder = FOLDER / job["id"]
        folder.mkdir(parents=True)
        (folder / "request.json").write_text(json.dumps(request))
        JOBS[job["id"]] = job
        if "stays" not in job["name"]:
            threading.Thread(target=carry_out, args=(job, folder), daemon=True).start()
        self._answer(job)

    def _messages(self, job):
        told = [{"id": "1", "messageImportance": "JOB_MESSAGE_BASIC", "messageText": "Starting 1 workers in here..."}]
        if job in ERRORS:
            told.append({"id": "2", "messageImportance": "JOB_MESSAGE_ERROR", "messageText": ERRORS[job]})
        return [{**message, "time": "2026-01-01T00:00:00Z"} for message in told]

    def _answer(self, value):
        data = json.dumps(value).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def log_message(self, *_):
        pass


def carry_out(job, folder):
    try:
        options = job["environment"]["sdkPipelineOptions"]["options"]
        pool = job["environment"]["workerPools"][0]
        staged = [package["location"].partition("/")[2] for package in pool.get("packages", ())]
        staged.append(options["pipelineUrl"].removeprefix("gs://"))
        for place in staged:
            with urllib.request.urlopen(f"{os.environ['STORAGE_EMULATOR_HOST']}/{urllib.parse.quote(place)}") as file:
                (folder / place.rpartition("/")[2]).write_bytes(file.read())
        python = environment(folder, {"pillow"} if "other-pillow" in job["name"] else set())
        # Neither the tests' folder nor their module path: the workers have what was installed.
        plain = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        run = [sys.executable, Path(__file__).with_name("carry_out.py"), folder / "pipeline.pb", python]
        done = subprocess.run(run, cwd=folder, env=plain, stdin=subprocess.DEVNULL, capture_output=True, text=True)
        (folder / "printed").write_text(done.stdout + done.stderr)
        failed = done.stderr if done.returncode else ""
    except Exception as error:
        failed = repr(error)
    if failed:
        ERRORS[job["id"]] = failed
    job["currentState"] = "JOB_STATE_FAILED" if failed else "JOB_STATE_DONE"


def environment(folder, others):
    """The Python of a new environment with the staged package; its dependencies are those of this environment.

    But of the others it has version 0.0, as far as its metadata say.
    """
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", folder / "environment"], check=True)
    python = folder / "environment/bin/python"
    (site,) = (folder / "environment/lib").glob("python3*/site-packages")
    (site / "dependencies.pth").write_text("\n".join(path for path in sys.path if path.endswith("-packages")) + "\n")
    for package in others:
        (site / f"{package}-0.0.dist-info").mkdir()
        (site / f"{package}-0.0.dist-info/METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {package}\nVersion: 0.0\n"
        )
    if (folder / "workflow.tar.gz").exists():
        pip = [sys.executable, "-m", "pip", "--python", python, "install", "--quiet", "--no-index", "--no-deps"]
        subprocess.run([*pip, "--no-build-isolation", folder / "workflow.tar.gz"], check=True)
    return python


if __name__ == "__main__":
    server = ThreadingHTTPServer(("localhost", 0), Service)
    Path(sys.argv[2]).write_text(str(server.server_port))
    server.serve_forever()
