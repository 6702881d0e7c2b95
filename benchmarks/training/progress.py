"""What each contestant notes while it trains, and says at its end."""

import json
import math
import os
import time
from pathlib import Path

# Position of the start, in ticks since the machine was booted, among what follows the name.
START_FIELD = 19


def measure_age():
    """Return the seconds since this process was started, imports included.

    Source: https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html, field 22.
    """
    fields = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
    started = int(fields[START_FIELD]) / os.sysconf("SC_CLK_TCK")
    return time.clock_gettime(time.CLOCK_BOOTTIME) - started


class Progress:
    """Notes when each epoch, with its validation, has ended, and what came out."""

    def __init__(self):
        self.epoch_ends = []
        self.validation_accuracy = []
        self.waiting = math.nan  # share of the training; only some contestants can tell

    def end_epoch(self, accuracy):
        """Note that an epoch has ended with this accuracy on the validation images."""
        self.epoch_ends.append(measure_age())
        self.validation_accuracy.append(float(accuracy))

    def report(self, counts, test_accuracy):
        """Print one line of JSON.

        Args:
            counts: of the pictures for training, validation and test.
            test_accuracy: in [0, 1].
        """
        names = ["training_images", "validation_images", "test_images"]
        answer = {
            **dict(zip(names, map(int, counts), strict=True)),
            "epoch_ends": self.epoch_ends,
            "validation_accuracy": self.validation_accuracy,
            "test_accuracy": float(test_accuracy),
            "waiting": self.waiting,
        }
        print(f"\n{json.dumps(answer)}")
