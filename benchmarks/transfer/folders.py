"""How the peers find the photographs, and what all of them say at their end."""

import json
import os
import sys
import time
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2]))

from benchmarks.measure import list_processes

HELD_OUT = 3 / 17  # of the pictures to learn from, for validation: 15 of the 85 %, as this project
CPU_FIELDS = slice(11, 15)  # of /proc/<pid>/stat behind the name: the process' own, its children's


def list_photographs(folder):
    """Return the paths of the pictures in ``<class>/``, their labels and how many classes."""
    classes = sorted(path for path in Path(folder).iterdir() if path.is_dir())
    rows = [(path, label) for label, each in enumerate(classes) for path in sorted(each.iterdir())]
    return [path for path, _ in rows], np.array([label for _, label in rows]), len(classes)


def hold_out(labels, seed):
    """Return the rows to train with and those for validation, drawn in each class."""
    draw, held = np.random.default_rng(seed), []
    for label in np.unique(labels):
        rows = draw.permutation(np.flatnonzero(labels == label))
        held.extend(rows[: round(HELD_OUT * len(rows))])
    return np.setdiff1d(np.arange(len(labels)), held), np.sort(held)


def measure_cpu():
    """Return the seconds of CPU of this process and of all that it has started.

    Source: https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html, fields 14 to 17.
    """
    ticks = 0
    for process in list_processes(os.getpid()):
        try:
            fields = Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()
        except FileNotFoundError:  # it has ended meanwhile, and its parent counts it
            continue
        ticks += sum(map(int, fields[CPU_FIELDS]))
    return ticks / os.sysconf("SC_CLK_TCK")


class Stopwatch:
    """Measures the training alone: from when it is made until :meth:`stop`."""

    def __init__(self):
        self._began, self._cpu = time.perf_counter(), measure_cpu()

    def stop(self):
        """Return the seconds, and those of CPU."""
        return time.perf_counter() - self._began, measure_cpu() - self._cpu


def report(counts, took, test_accuracy):
    """Print one line of JSON.

    Args:
        counts: of the pictures for training, validation and test.
        took: seconds of the training alone, and of CPU.
        test_accuracy: in [0, 1].
    """
    names = ["training_images", "validation_images", "test_images"]
    answer = {
        **dict(zip(names, map(int, counts), strict=True)),
        "training_seconds": took[0],
        "training_cpu_seconds": took[1],
        "test_accuracy": float(test_accuracy),
    }
    print(f"\n{json.dumps(answer)}")
