"""The network of pipeline/README.md learns from the shards, and learns nothing where labels are of other pictures."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

README = (Path(__file__).parents[3] / "pipeline" / "README.md").read_text("utf-8")
SECTION = README.split("\n### Train on it\n")[1].split("\n## ")[0]
((_, COMMANDS), (_, SCRIPT)) = re.findall(r"^```(bash|python)\n(.*?)^```", SECTION, re.MULTILINE | re.DOTALL)
TRAIN = "image_size=SIZE).cache()\n"
OTHER_LABELS = """\
others = train.shuffle(1000, seed=1, reshuffle_each_iteration=False)
train = tf.data.Dataset.zip(train, others).map(lambda sample, other: {**other, "image": sample["image"]})
"""


def run(command, folder):
    environment = os.environ | {
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "XDG_CACHE_HOME": str(folder / "cache"),
    }
    done = subprocess.run(
        command, cwd=folder, env=environment, capture_output=True, text=True, stdin=subprocess.DEVNULL
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def factors(script, folder):
    """How many times the mean predictor's error is the network's, of landmarks and of angles."""
    lines = run([sys.executable, "-c", script], folder).splitlines()[-2:]
    return [float(re.fullmatch(r"(?:landmarks|angles), .* factor (\d+\.\d)", line)[1]) for line in lines]


@pytest.mark.slow
@pytest.mark.timeout(1800)
def test_a_network_learns_the_labels_of_the_pictures_and_not_those_of_others(tmp_path):
    """One test, as both runs share the data, whose pictures take most of a minute to draw."""
    assert SCRIPT.count("\n") <= 60
    run(["bash", "-euc", COMMANDS], tmp_path)
    assert min(factors(SCRIPT, tmp_path)) > 2.5  # 3.6 and 4.0

    assert SCRIPT.count(TRAIN) == SCRIPT.count("STEPS = 64, 500") == 1
    others = SCRIPT.replace(TRAIN, TRAIN + OTHER_LABELS).replace("STEPS = 64, 500", "STEPS = 64, 200")
    assert max(factors(others, tmp_path)) < 1.3  # 1.0 and 1.0; with their own labels, 1.9 and 1.9 after 200 steps
