"""The whole walk of `make demo`, with every client as it is: the demo fails by itself where a prediction is not scikit-learn's."""

import subprocess
import sys

from cloud import REPOSITORY


# What a newcomer does first must work on whichever engines the records lie.
def test_walk(binary, engine_arguments):
    command = [sys.executable, REPOSITORY / "examples/demo/demo.py", "--binary", binary, *engine_arguments]
    walk = subprocess.run(command, capture_output=True, text=True, timeout=540)
    assert walk.returncode == 0, walk.stdout[-6000:] + walk.stderr[-3000:]
    assert walk.stdout.count("the same as scikit-learn's") == 4
    assert "you waited" in walk.stdout
