"""Train with fastai: ``python with_fastai.py IDX EPOCHS SEED``."""

import math
import sys
from functools import partial

import torch
from digits import split_digits
from fastai.callback.core import Callback
from fastai.data.core import TfmdDL
from fastai.data.transforms import IntToFloatTensor
from fastai.learner import DataLoaders, Learner
from fastai.losses import CrossEntropyLossFlat
from fastai.metrics import accuracy
from fastai.optimizer import OptimWrapper
from fastai.torch_core import TensorCategory, TensorImageBW, set_seed
from fastai.vision.augment import AffineCoordTfm, PadMode, affine_mat, aug_transforms
from progress import Progress
from torch_network import BATCH, build_network

SHEAR, SHIFT = math.radians(5), 2 * 0.07  # places are in [-1, 1]


class Digits:
    """Pictures as fastai's tensors: faster than pictures of Pillow that become tensors."""

    def __init__(self, images, labels):
        self.images = TensorImageBW(torch.tensor(images).unsqueeze(1))
        self.labels = TensorCategory(torch.tensor(labels))

    def __len__(self):
        return len(self.labels)

    def __getitem__(self, row):
        """Return a picture and its label."""
        return self.images[row], self.labels[row]


class NoteEpochs(Callback):
    """Notes when each epoch has ended."""

    order = 60  # after the recorder

    def __init__(self, progress):
        self.progress = progress

    def after_epoch(self):
        """Note the accuracy that the recorder has just written."""
        self.progress.end_epoch(self.learn.recorder.values[-1][-1])


def shear_and_shift(images):
    """Return a matrix for each picture: what ``aug_transforms`` lacks, in its own form."""
    across, along, right, down = (2 * torch.rand(4, len(images)) - 1).unbind()
    one = torch.ones_like(right)
    return affine_mat(
        one, torch.tan(SHEAR * across), SHIFT * right, torch.tan(SHEAR * along), one, SHIFT * down
    )


def make_loaders(sets):
    """Return a loader for each set; the first one augments, each picture interpolated once."""
    black = {"pad_mode": PadMode.Zeros}
    augmentation = aug_transforms(
        max_rotate=10,
        min_zoom=0.9,
        max_zoom=1.1,
        max_warp=0,
        max_lighting=0,
        p_affine=1,
        xtra_tfms=AffineCoordTfm(aff_fs=shear_and_shift, **black),
        **black,
    )
    transforms = [IntToFloatTensor(), *augmentation]
    first, *others = (Digits(*some) for some in sets)
    loaders = [TfmdDL(first, BATCH, shuffle=True, num_workers=0, after_batch=transforms)]
    scaling = [IntToFloatTensor()]
    loaders += [TfmdDL(some, 1000, num_workers=0, after_batch=scaling) for some in others]
    return DataLoaders(*loaders, device="cpu")


def train(folder, epochs, seed):
    """Train, test and report."""
    set_seed(seed)
    sets = split_digits(folder, seed)
    loaders = make_loaders(sets)
    progress = Progress()
    learner = Learner(
        loaders,
        build_network(sets[0][0].shape[1]),
        loss_func=CrossEntropyLossFlat(),
        opt_func=partial(OptimWrapper, opt=partial(torch.optim.Adam, fused=True)),
        metrics=accuracy,
        cbs=NoteEpochs(progress),
    )
    with learner.no_logging():
        learner.fit(epochs, 1e-3, wd=0)
        learner.remove_cb(NoteEpochs)
        _, right = learner.validate(2)
    progress.report([len(labels) for _, labels in sets], right)


if __name__ == "__main__":
    train(sys.argv[1], int(sys.argv[2]), int(sys.argv[3]))
