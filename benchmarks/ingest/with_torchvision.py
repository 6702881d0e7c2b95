"""Read a folder of class folders with torchvision: ``python with_torchvision.py IMAGES``."""

import os
import sys
import time

import numpy as np
import torch
from answer import report
from torch.utils.data import DataLoader
from torchvision.datasets import ImageFolder
from torchvision.io import ImageReadMode, decode_jpeg, read_file

SIDE = 32
BATCH = 256
WORKERS = len(os.sched_getaffinity(0))


class JpegBatches(ImageFolder):
    """An ``ImageFolder`` that decodes a whole batch with torchvision's own decoder.

    On two cores it takes less than half of the time of ``transform=PILToTensor()``, which
    decodes with Pillow, and about half of that of ``loader=decode_image``.
    """

    def __getitems__(self, rows):
        """Return the pictures (N, C, H, W) and labels (N,) of `rows`: a batch, ready-made."""
        files = [read_file(self.samples[row][0]) for row in rows]
        images = torch.stack([decode_jpeg(file, ImageReadMode.RGB) for file in files])
        return images, torch.tensor([self.targets[row] for row in rows])


def keep_batch(batch):
    """Return `batch`: there is nothing left to collate."""
    return batch


def read_images(folder):
    """Return the pixels and labels of all pictures in `folder`."""
    dataset = JpegBatches(folder)
    batches = DataLoader(dataset, batch_size=BATCH, num_workers=WORKERS, collate_fn=keep_batch)
    count = len(dataset)
    images, labels = np.empty((count, SIDE, SIDE, 3), np.uint8), np.empty(count, np.int64)
    start = 0
    for some, their_labels in batches:
        end = start + len(some)
        images[start:end], labels[start:end] = some.permute(0, 2, 3, 1), their_labels
        start = end
    return images, labels


if __name__ == "__main__":
    began = time.perf_counter()
    images, labels = read_images(sys.argv[1])
    report(images, labels, time.perf_counter() - began)
