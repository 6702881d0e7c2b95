"""Train with PyTorch on whole batches: ``python with_tensors.py IDX EPOCHS SEED``.

All pictures are one tensor; each batch is augmented at once, with parameters of its own for
each picture.
"""

import math
import sys

import torch
from digits import split_digits
from torch.nn import functional
from torch_network import BATCH, build_network, fit_network, scale, test_network

ROTATION, SHEAR, SHIFT, ZOOM = math.radians(10), math.radians(5), 2 * 0.07, 0.1


def draw_matrices(count):
    """Return `count` affine matrices (N, 2, 3), from places in the result to those before.

    A place is in [-1, 1], so that a shift by the whole side is 2.
    """
    draw = torch.rand(8, count) * 2 - 1
    angle, across, along = ROTATION * draw[0], SHEAR * draw[1], SHEAR * draw[2]
    zoom = 1 / (1 + ZOOM * draw[3])
    flip = torch.sign(draw[4])
    cos, sin = zoom * torch.cos(angle), zoom * torch.sin(angle)
    one, other = torch.tan(across), torch.tan(along)
    rows = [
        [flip * (cos - sin * other), flip * (cos * one - sin), SHIFT * draw[5]],
        [sin + cos * other, sin * one + cos, SHIFT * draw[6]],
    ]
    return torch.stack([torch.stack(row, 1) for row in rows], 1)


def augment(images):
    """Return variants of the pictures, floats (N, 1, H, W), each interpolated once."""
    grid = functional.affine_grid(draw_matrices(len(images)), images.shape, align_corners=False)
    return functional.grid_sample(images, grid, align_corners=False)


class Batches:
    """Augmented batches in an order that is drawn for each epoch."""

    def __init__(self, images, labels):
        self.images, self.labels = images, labels

    def __iter__(self):
        """Yield pictures and labels."""
        for rows in torch.randperm(len(self.labels)).split(BATCH):
            yield augment(scale(self.images[rows])), self.labels[rows]


def train(folder, epochs, seed):
    """Train, test and report."""
    torch.manual_seed(seed)
    sets = [[torch.tensor(part) for part in some] for some in split_digits(folder, seed)]
    (images, labels), validation, test = sets
    network = build_network(images.shape[1])
    progress = fit_network(network, Batches(images, labels), validation, epochs)
    progress.report([len(labels) for _, labels in sets], test_network(network, *test))


if __name__ == "__main__":
    train(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
