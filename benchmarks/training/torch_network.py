"""The network in PyTorch, and what all PyTorch contestants do with it."""

from pathlib import Path

import torch
from progress import Progress
from torch import nn
from torch.nn import functional

BATCH = 128
CLASSES = 10

FLAGS = Path("/proc/cpuinfo").read_text()
MULTIPLIES_BF16 = "amx_bf16" in FLAGS or "avx512_bf16" in FLAGS


def build_network(side):
    """Return the network, channels last: faster on processors."""
    left = ((side - 2) // 2 - 2) // 2
    network = nn.Sequential(
        nn.Conv2d(1, 32, 3),
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
    return network.to(memory_format=torch.channels_last)


def make_autocast():
    """Return bf16 where the processor multiplies it, and fp32 elsewhere."""
    return torch.autocast("cpu", torch.bfloat16, enabled=MULTIPLIES_BF16)


def scale(images):
    """Return uint8 pictures (N, H, W) as floats (N, 1, H, W) in [0, 1]."""
    floats = images.unsqueeze(1).float() / 255
    return floats.contiguous(memory_format=torch.channels_last)


def fit_network(network, batches, validation, epochs):
    """Train on `batches`, validate after each epoch and return what was noted.

    Args:
        network: from :func:`build_network`.
        batches: yields floats (N, 1, H, W) and labels, anew for each epoch.
        validation: uint8 pictures (N, H, W) and labels, all of them.
        epochs: how many.
    """
    progress = Progress()
    optimizer = torch.optim.Adam(network.parameters(), 1e-3, fused=True)
    for _ in range(epochs):
        network.train()
        for images, labels in batches:
            with make_autocast():
                loss = functional.cross_entropy(network(images), labels)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
        progress.end_epoch(test_network(network, *validation))
    return progress


@torch.inference_mode()
def test_network(network, images, labels):
    """Return the accuracy."""
    network.eval()
    right = 0
    for some, theirs in zip(images.split(1000), labels.split(1000), strict=True):
        with make_autocast():
            right += (network(scale(some)).argmax(1) == theirs).sum().item()
    return right / len(labels)
