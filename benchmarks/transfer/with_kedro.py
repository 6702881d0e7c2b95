"""``kedro run``, with the time of its training: ``python with_kedro.py ARGUMENTS...``.

Runs in a copy of the project. It is the ``kedro`` command, but for a look at the clock whenever a
node begins, and the report.
"""

import json
import sys
import time
from collections import Counter
from pathlib import Path

from folders import measure_cpu, report
from kedro.framework.cli import main  # like the command: each worker repeats this import
from kedro.pipeline.node import Node

METRICS = Path("data/08_reporting/metrics.json")
SPLITS = Path("data/03_primary/image_splits.parquet")
# From the decoded pictures to the trained network: features of the frozen part, then the rest.
TRAINING = ("train.compute_backbone_features", "train.train_model")


class NodeClock:
    """Counts seconds, and those of CPU, for a node until the next one begins.

    So what a node hands over as it is saved, such as features, counts for it.
    """

    def __init__(self):
        self.seconds, self.cpu_seconds = Counter(), Counter()
        self._node, self._began, self._cpu = "", time.perf_counter(), measure_cpu()

    def begin(self, node):
        """Note that a node of this name begins."""
        now, cpu = time.perf_counter(), measure_cpu()
        self.seconds[self._node] += now - self._began
        self.cpu_seconds[self._node] += cpu - self._cpu
        self._node, self._began, self._cpu = node, now, cpu

    def sum_training(self):
        """Return the seconds of the training alone, and those of CPU."""
        counters = (self.seconds, self.cpu_seconds)
        return tuple(sum(counted[name] for name in TRAINING) for counted in counters)


def watch_nodes(clock):
    """Let `clock` know of each node that begins."""
    run = Node.run

    def run_and_note(node, *arguments, **named):
        clock.begin(node.name)
        return run(node, *arguments, **named)

    Node.run = run_and_note


def run_kedro(arguments):
    """Run ``kedro run`` with `arguments`.

    Raises:
        SystemExit: it has failed, and said why.
    """
    sys.argv[1:] = ["run", *arguments]
    try:
        main()
    except SystemExit as end:  # so ends each command, also one that has done its work
        if end.code:
            raise


def count_splits():
    """Return how many pictures are for training, validation and test."""
    import pandas as pd

    counts = pd.read_parquet(SPLITS, columns=["split"])["split"].value_counts()
    return [counts[name] for name in ("train", "validation", "test")]


if __name__ == "__main__":
    clock = NodeClock()
    watch_nodes(clock)
    run_kedro(sys.argv[1:])
    report(count_splits(), clock.sum_training(), json.loads(METRICS.read_text())["accuracy"])
