"""Train with torchvision, picture by picture: ``python with_torchvision.py IDX EPOCHS SEED``."""

import os
import sys

import torch
from digits import split_digits
from PIL import Image
from torch.utils.data import DataLoader, Dataset
from torch_network import BATCH, build_network, fit_network, test_network
from torchvision.transforms import InterpolationMode, v2

WORKERS = len(os.sched_getaffinity(0))


def make_transform():
    """Return the augmentation of one picture.

    On Pillow's pictures, as torchvision's own data sets hand them out.
    """
    return v2.Compose(
        [
            v2.RandomHorizontalFlip(),
            v2.RandomAffine(
                degrees=10,
                translate=(0.07, 0.07),
                scale=(0.9, 1.1),
                shear=(-5, 5, -5, 5),
                interpolation=InterpolationMode.BILINEAR,
            ),
            v2.ToImage(),
            v2.ToDtype(torch.float32, scale=True),
        ]
    )


class Digits(Dataset):
    """Pictures that are augmented when they are asked for."""

    def __init__(self, images, labels):
        self.images, self.labels = images, labels
        self.transform = make_transform()

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, row):
        """Return a picture and its label."""
        return self.transform(Image.fromarray(self.images[row])), self.labels[row]


def train(folder, epochs, seed):
    """Train, test and report."""
    torch.manual_seed(seed)
    (images, labels), *others = split_digits(folder, seed)
    validation, test = ([torch.tensor(part) for part in some] for some in others)
    batches = DataLoader(
        Digits(images, labels), BATCH, shuffle=True, num_workers=WORKERS, persistent_workers=True
    )
    network = build_network(images.shape[1])
    progress = fit_network(network, batches, validation, epochs)
    accuracy = test_network(network, *test)
    progress.report([len(labels), len(validation[1]), len(test[1])], accuracy)


if __name__ == "__main__":
    train(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
