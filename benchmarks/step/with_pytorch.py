"""Train with PyTorch: ``python with_pytorch.py FORM SECONDS``.

FORM is ``contiguous``, ``channels_last``, ``compile`` (channels last and compiled) or ``bf16``
(channels last, in bfloat16 where the processor multiplies it).
"""

import os
import sys

import torch
from networks import (
    BF16,
    CLASSES,
    GEMM_SIDE,
    TASKS,
    describe,
    draw_pictures,
    measure_gemm,
    measure_repeatedly,
    report,
)
from torch import nn
from torch.nn import functional


class Branch(nn.Module):
    """Two convolutions beside a straight way."""

    def __init__(self, filters):
        super().__init__()
        self.way = nn.Sequential(*convolve(filters, filters), *convolve(filters, filters))

    def forward(self, x):
        """Return the sum of both ways."""
        return x + self.way(x)


def convolve(arriving, filters, pooled=False):
    """Return a convolution with what follows it."""
    first = nn.Conv2d(arriving, filters, 3, padding=1, bias=False)
    pool = [nn.MaxPool2d(2)] if pooled else []
    return [first, *pool, nn.BatchNorm2d(filters), nn.ReLU()]


def build_network(task):
    """Return the network of `task`."""
    side, _, channels = task.shape
    if task.kind == "resnet9":
        return nn.Sequential(
            *convolve(channels, 64),
            *convolve(64, 128, pooled=True),
            Branch(128),
            *convolve(128, 256, pooled=True),
            *convolve(256, 256, pooled=True),
            Branch(256),
            nn.AdaptiveMaxPool2d(1),
            nn.Flatten(),
            nn.Linear(256, CLASSES),
        )
    left = ((side - 2) // 2 - 2) // 2
    return nn.Sequential(
        nn.Conv2d(channels, 32, 3),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(32, 64, 3),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Flatten(),
        nn.Linear(64 * left * left, 128),
        nn.ReLU(),
        nn.Dropout(0.4),
        nn.Linear(128, CLASSES),
    )


def make_epoch(task, form):
    """Return a function that trains for an epoch."""
    layout = torch.contiguous_format if form == "contiguous" else torch.channels_last
    network = build_network(task).to(memory_format=layout)
    optimizer = torch.optim.Adam(network.parameters(), fused=True)
    forward = torch.compile(network) if form == "compile" else network
    images, labels = map(torch.tensor, draw_pictures(task))
    images = images.permute(0, 3, 1, 2).contiguous(memory_format=layout)

    def run_epoch():
        for rows in torch.randperm(len(labels)).split(task.batch):
            pictures = (images[rows].float() / 255).contiguous(memory_format=layout)
            with torch.autocast("cpu", torch.bfloat16, enabled=form == "bf16" and BF16):
                loss = functional.cross_entropy(forward(pictures), labels[rows])
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()

    return run_epoch


def measure(task, form, gemm, seconds):
    """Return what is reported of a network."""
    return describe(task, *measure_repeatedly(make_epoch(task, form), seconds), gemm)


if __name__ == "__main__":
    form, seconds = sys.argv[1], float(sys.argv[2])
    torch.set_num_threads(len(os.sched_getaffinity(0)))
    matrix = torch.randn(GEMM_SIDE, GEMM_SIDE)
    gemm = measure_gemm(lambda: matrix @ matrix, seconds)
    report({task.name: measure(task, form, gemm, seconds) for task in TASKS})
