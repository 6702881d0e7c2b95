"""``kedro run``, with the time of each epoch's end: ``python with_kedro.py ARGUMENTS...``.

Runs in a copy of the project, whose ``conf/local`` says how to train. It is the ``kedro``
command, but for the looks at the clock, when training logs the end of an epoch and while it waits
for pictures, and the report.
"""

import json
import logging
import sys
from contextlib import suppress
from pathlib import Path

from kedro.framework.cli import main  # like the command: each worker repeats this import
from progress import Progress, measure_age

HISTORY = Path("data/06_models/training_history.csv")
METRICS = Path("data/08_reporting/metrics.json")
SPLITS = Path("data/03_primary/image_splits.parquet")


def note_epochs(epoch_ends):
    """Append the age of this process to `epoch_ends` whenever an epoch's line is logged."""

    def look(record):
        if str(record.msg).startswith("epoch"):
            epoch_ends.append(measure_age())
        return True

    # A filter, since Kedro removes handlers when it configures the loggers.
    logging.getLogger("onion_pipeline.training.progress").addFilter(look)


def note_waits(waits):
    """Append to `waits` when training has a block of pictures, and how long it waited for it."""
    sys.path.insert(0, "src")  # as Kedro will
    from onion_pipeline.training import epochs

    read = epochs.read_pixels

    def read_and_time(*arguments):
        blocks, ends = read(*arguments), object()
        while True:
            start = measure_age()
            block = next(blocks, ends)
            if block is ends:
                return
            waits.append((measure_age(), measure_age() - start))
            yield block

    epochs.read_pixels = read_and_time


def run_kedro(arguments):
    """Run ``kedro run`` with `arguments`."""
    sys.argv[1:] = ["run", *arguments]
    with suppress(SystemExit):  # so ends each command, also one that has failed
        main()


def report(progress, waits):
    """Report what the run has left on disk, and the share of the training that was waiting.

    Not the first wait: it is for the first block of all, which nothing can hide.

    Raises:
        FileNotFoundError: the run has failed; it has said why.
    """
    import pandas as pd

    (begun, _), *later = waits
    progress.waiting = sum(seconds for _, seconds in later) / (progress.epoch_ends[-1] - begun)
    metrics = json.loads(METRICS.read_text())
    progress.validation_accuracy = pd.read_csv(HISTORY)["validation_accuracy"].tolist()
    counts = pd.read_parquet(SPLITS, columns=["split"])["split"].value_counts()
    sizes = [counts[name] for name in ("train", "validation", "test")]
    progress.report(sizes, metrics["accuracy"])


if __name__ == "__main__":
    progress, waits = Progress(), []
    note_epochs(progress.epoch_ends)
    note_waits(waits)
    run_kedro(sys.argv[1:])
    report(progress, waits)
