"""The progress line: at a terminal, in a log, and in processes as a person starts them."""

import fcntl
import os
import re
import struct
import subprocess
import sys
import termios
import threading
import time

import pytest
from tqdm import tqdm

from pipeline.run import progress as module
from pipeline.run.progress import Step, counted, progress, step

# The program, drawing more often, with each step long enough to be drawn.
QUICKLY = """
import sys, time
from pipeline.run import progress
progress._TERMINAL_SECONDS = 0.01
begin = progress.step

def step(*arguments, **keywords):
    begun = begin(*arguments, **keywords)
    time.sleep(0.2)
    return begun

progress.step = step
from pipeline.cli import main
sys.exit(main(sys.argv[1:]))
"""


class Terminal:
    """A terminal whose output is kept: all that was ever on its lines, and what is left on them."""

    def __init__(self, columns=100):
        self._master, self.slave = os.openpty()
        fcntl.ioctl(self.slave, termios.TIOCSWINSZ, struct.pack("HHHH", 30, columns, 0, 0))
        self._data = b""
        self._thread = threading.Thread(target=self._read, daemon=True)
        self._thread.start()

    def _read(self):
        try:
            while data := os.read(self._master, 65536):
                self._data += data
        except OSError:  # Linux's end of file
            pass

    def __enter__(self):
        """Makes it the standard error of this process."""
        self._file, self._before = os.fdopen(self.slave, "w"), sys.stderr
        sys.stderr = self._file
        return self

    def __exit__(self, *_):
        sys.stderr = self._before
        self._file.close()

    def wait_for(self, text):
        """Waits until a text was drawn."""
        end = time.monotonic() + 10
        while text.encode() not in self._data:
            assert time.monotonic() < end, self._data
            time.sleep(0.01)

    def read(self):
        """Waits until all have closed it. Gives the texts that were drawn, and the lines as they are left."""
        self._thread.join(timeout=10)
        os.close(self._master)
        drawn, left = [], []
        for line in self._data.decode().replace("\r\n", "\n").split("\n"):
            screen = ""
            for text in line.split("\r"):
                assert "\x1b" not in text  # the emulation is no better than this
                screen = text + screen[len(text) :]
                drawn.append(text.rstrip())
            left.append(screen.rstrip())
        return [text for text in drawn if text], left


@pytest.fixture
def quick(monkeypatch):
    monkeypatch.setattr(module, "_TERMINAL_SECONDS", 0.01)


def test_a_terminal_has_one_line_which_is_gone_at_the_end(quick):
    with Terminal() as terminal, progress("convert"):
        begun = step("listing coarse", unit=" files")
        for _ in counted(range(7)):
            pass
        terminal.wait_for("7 files")
        assert begun.done == 7
        step("preparing the face model")
        terminal.wait_for("face model [00:00]")
        begun = step(total=200, unit=" samples")
        begun.done = 50
        terminal.wait_for("50/200")
    drawn, left = terminal.read()
    assert left == [""]
    assert re.search(r"^convert, listing coarse: 7 files \[00:00, +[\d.]+ files/s\]$", "\n".join(drawn), re.MULTILINE)
    assert "convert, preparing the face model [00:00]" in drawn
    assert re.fullmatch(r"convert:  25%\|█+[^|]*\| 50/200 \[00:00<00:0\d, +[\d.]+ samples/s\]", drawn[-1])


def test_an_error_finds_the_line_gone(quick):
    with Terminal() as terminal:
        with pytest.raises(KeyboardInterrupt), progress("verify"):
            step(total=10, unit=" samples")
            terminal.wait_for("0/10")
            raise KeyboardInterrupt
        print("threedface: interrupted", file=sys.stderr)
    drawn, left = terminal.read()
    assert len(drawn) > 1 and left == ["threedface: interrupted", ""]


def test_messages_are_above_the_line(quick):
    with Terminal() as terminal, progress("convert"):
        step(total=10, unit=" samples")
        terminal.wait_for("0/10")
        tqdm.write("convert: 3 pictures are left out", file=sys.stderr)
        terminal.wait_for("left out")
    assert terminal.read()[1] == ["convert: 3 pictures are left out", ""]


def test_a_log_has_a_line_at_each_interval(monkeypatch, capsys):
    monkeypatch.setattr(module, "_LOG_SECONDS", 0.1)
    printed = ""
    began = time.time()
    with progress("convert"):
        for expected, begin in (
            (
                r"convert, listing coarse: 3 files \[00:00, +[\d.]+ files/s\]",
                lambda: step("listing coarse", None, " files"),
            ),
            (r"convert, preparing the face model \[00:00\]", lambda: step("preparing the face model")),
            (r"convert: 2% 3/200 \[00:00<\d\d:\d\d, +[\d.]+ samples/s\]", lambda: step("", 200, " samples")),
        ):
            begin().done = 3
            while not re.search(f"^{expected}$", printed, re.MULTILINE):
                time.sleep(0.02)
                shown = capsys.readouterr()
                printed += shown.err
                assert shown.out == "" and time.time() - began < 10, printed
    assert "\r" not in printed and printed.endswith("\n")
    assert 3 <= printed.count("\n") <= (time.time() - began) / 0.1


def test_rate_and_time_left_do_not_count_what_an_earlier_run_did():
    resumed = Step(total=100, unit=" samples", done=50)
    resumed.done = 75
    resumed._started -= 10
    assert resumed.line("convert") == "convert: 75% 75/100 [00:10<00:10,  2.50 samples/s]"


def test_a_step_looks_itself_but_not_too_often(quick):
    with Terminal() as terminal:
        looks = []

        def look():
            looks.append(time.time())
            raise OSError("the store does not answer")

        with progress("convert"):
            slow = step("", 10, " samples", look, every=60.0, done=4)
            terminal.wait_for("4/10")
            assert not looks and slow.done == 4
            quick = step("", 11, " samples", look, done=4)
            terminal.wait_for("4/11")
            assert looks and quick.done == 4
            step("", 2, " samples", lambda: step("closing the run").total or 2)
            terminal.wait_for("closing the run [00:00]")
    assert "convert, closing the run [00:00]" in terminal.read()[0]


def test_steps_of_no_command_are_not_shown(capsys):
    step("listing", unit=" files")
    assert list(counted([1, 2])) == [1, 2]
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("columns", [100, 40])
def test_commands_at_a_terminal(raw, converted, columns):
    for command, said in (("verify", f"{raw.pairs} samples in"), ("describe", f"{raw.pairs}, each a picture")):
        terminal = Terminal(columns)
        arguments = [sys.executable, "-c", QUICKLY, command, converted if command == "verify" else raw.dataset]
        done = subprocess.run(arguments, stdout=subprocess.PIPE, stderr=terminal.slave, check=True, text=True)
        os.close(terminal.slave)
        drawn, left = terminal.read()
        assert left == [""] and max(map(len, drawn)) <= columns
        assert drawn and all(text.startswith(command) for text in drawn)
        assert said in done.stdout and "\r" not in done.stdout


def test_convert_at_a_terminal(raw, model_cache, tmp_path):
    terminal = Terminal()
    # fmt: off
    done = subprocess.run(
        [
            sys.executable, "-c", QUICKLY, "convert", "--input", raw.dataset, "--bfm", raw.bfm, "--expression",
            raw.expression, "--output", tmp_path, "--model_cache", model_cache, "--workers", "2", "--num_shards", "2",
        ],
        stdout=subprocess.PIPE, stderr=terminal.slave, check=True, text=True,
    )
    # fmt: on
    os.close(terminal.slave)
    drawn, left = terminal.read()
    assert left == [""]
    steps = list(dict.fromkeys(re.split(r": | \[", text)[0] for text in drawn))
    expected = ["convert, preparing the face model", "convert", "convert, closing the run"]
    assert [name for name in steps if name in expected] == expected, steps
    assert re.search(rf"convert: +\d+%\|.*\d/{raw.pairs} \[", "\n".join(drawn))
    assert f"planned {raw.pairs} = " in done.stdout and "\r" not in done.stdout
