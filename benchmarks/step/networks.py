"""The networks that are trained, their arithmetic, and how each contestant is measured."""

import json
import os
import time
from pathlib import Path
from typing import NamedTuple

import numpy as np

CLASSES = 10
GEMM_SIDE = 2048
FLAGS = Path("/proc/cpuinfo").read_text()
FORWARD_AND_BACK = 3  # the gradients by inputs and by weights cost as much as going forward
BF16 = "amx_bf16" in FLAGS or "avx512_bf16" in FLAGS


class Task(NamedTuple):
    """A network and the pictures it is trained on.

    Args:
        name: in the tables.
        kind: ``onion`` or ``resnet9``.
        shape: height, width, channels.
        batch: images per step.
        batches: steps per epoch.
        multiply_adds: of one picture going forward, in convolutions and dense layers.
    """

    name: str
    kind: str
    shape: tuple[int, int, int]
    batch: int
    batches: int
    multiply_adds: int


def _count_onion(side, channels):
    first = side - 2
    second = first // 2 - 2
    flat = 64 * (second // 2) ** 2
    windows = first**2 * 32 * 9 * channels + second**2 * 64 * 9 * 32
    return windows + flat * 128 + 128 * CLASSES


def _count_resnet9():
    # Side, channels that arrive and that leave, how many.
    windows = [(32, 3, 64, 1), (32, 64, 128, 1), (16, 128, 128, 2)]
    windows += [(16, 128, 256, 1), (8, 256, 256, 1), (4, 256, 256, 2)]
    return sum(n * side**2 * 9 * a * b for side, a, b, n in windows) + 256 * CLASSES


TASKS = [
    Task("onion 28x28x1", "onion", (28, 28, 1), 128, 16, _count_onion(28, 1)),
    Task("onion 64x64x3", "onion", (64, 64, 3), 64, 8, _count_onion(64, 3)),
    Task("ResNet-9 32x32x3", "resnet9", (32, 32, 3), 64, 4, _count_resnet9()),
]


def draw_pictures(task):
    """Return random pictures, uint8 (N, H, W, C), and labels."""
    random = np.random.default_rng(0)
    count = task.batch * task.batches
    images = random.integers(0, 256, (count, *task.shape), np.uint8)
    return images, random.integers(0, CLASSES, count)


def measure_repeatedly(run, seconds):
    """Return the seconds and CPU seconds of one call of `run`, the mean of some."""
    run()
    times, began = 0, (time.perf_counter(), time.process_time())
    while time.perf_counter() - began[0] < seconds:
        run()
        times += 1
    ends = time.perf_counter(), time.process_time()
    return [(end - begin) / times for begin, end in zip(began, ends, strict=True)]


def measure_gemm(multiply, seconds):
    """Return the multiply-adds per second of the tool's own product of two matrices."""
    return GEMM_SIDE**3 / measure_repeatedly(multiply, seconds)[0]


def describe(task, elapsed, spent, gemm):
    """Return what is reported of a network.

    Args:
        task: the network.
        elapsed: seconds of one epoch.
        spent: its CPU seconds, on all cores.
        gemm: multiply-adds per second of a product of matrices.
    """
    images = task.batch * task.batches
    return {
        "images_per_second": images / elapsed,
        "images_per_cpu_second": images / spent,
        "share_of_gemm": FORWARD_AND_BACK * task.multiply_adds * images / elapsed / gemm,
    }


def report(answers):
    """Print one line of JSON; `answers` by the names of the networks."""
    print(f"\n{json.dumps({**answers, 'cores': len(os.sched_getaffinity(0))})}")
