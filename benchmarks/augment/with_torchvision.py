"""Augment with PyTorch: ``python with_torchvision.py FORM SECONDS``.

FORM is ``each`` (torchvision's v2, picture by picture) or ``batch`` (whole batches, with
parameters of its own for each picture in the affine transform).
"""

import math
import sys

import torch
from pictures import report_speeds
from torch.nn import functional
from torchvision.transforms import InterpolationMode, v2

SHIFT = 2 * 0.1  # places are in [-1, 1]


def make_colors(shape):
    """Return the change of colours."""
    color = {"saturation": 0.2, "hue": 0.05} if shape[2] == 3 else {}  # noqa: PLR2004
    return v2.RandomApply([v2.ColorJitter(brightness=0.2, contrast=0.2, **color)], p=0.5)


def prepare_each(shape, pictures):
    """Return a function that makes a variant of each picture."""
    transform = v2.Compose(
        [
            v2.RandomHorizontalFlip(),
            v2.RandomAffine(
                15, (0.1, 0.1), (0.9, 1.1), (-10, 10, -10, 10), InterpolationMode.BILINEAR
            ),
            make_colors(shape),
            v2.RandomErasing(p=0.5, scale=(0.01, 0.0625)),
        ]
    )
    tensors = torch.tensor(pictures).permute(0, 3, 1, 2)
    return lambda: [transform(tensor) for tensor in tensors]


def prepare_batch(shape, pictures):
    """Return a function that makes a variant of each picture.

    Colours and hole are those of torchvision, which draws them once for a whole batch.
    """
    after = v2.Compose([make_colors(shape), v2.RandomErasing(p=0.5, scale=(0.01, 0.0625))])
    tensors = torch.tensor(pictures).permute(0, 3, 1, 2).contiguous()
    return lambda: after(move(tensors.float() / 255))


def move(images):
    """Return the floats `images` (N, C, H, W) turned, sheared, shifted, scaled, mirrored."""
    draw = torch.rand(7, len(images)) * 2 - 1
    angle = math.radians(15) * draw[0]
    one, other = (torch.tan(math.radians(10) * some) for some in draw[1:3])
    zoom, flip = 1 / (1 + 0.1 * draw[3]), torch.sign(draw[4])
    cos, sin = zoom * torch.cos(angle), zoom * torch.sin(angle)
    rows = [
        [flip * (cos - sin * other), flip * (cos * one - sin), SHIFT * draw[5]],
        [sin + cos * other, sin * one + cos, SHIFT * draw[6]],
    ]
    matrices = torch.stack([torch.stack(row, 1) for row in rows], 1)
    grid = functional.affine_grid(matrices, images.shape, align_corners=False)
    return functional.grid_sample(images, grid, align_corners=False)


if __name__ == "__main__":
    torch.set_num_threads(1)
    prepare = {"each": prepare_each, "batch": prepare_batch}[sys.argv[1]]
    report_speeds(prepare, float(sys.argv[2]))
