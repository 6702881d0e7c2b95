"""Whole epochs: blocks of images through many compiled steps each."""

from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from onion_pipeline.annotations import KerasModel
from onion_pipeline.parameters import TrainParameters
from onion_pipeline.training.batches import BatchPlan, EpochOrder, ImageRows, read_pixels
from onion_pipeline.training.optimizers import make_optimizer
from onion_pipeline.training.progress import Progress
from onion_pipeline.training.steps import (
    RunSteps,
    compile_training,
    compile_validation,
    count_parts,
)

# Only speed depends on it, and memory: the images of a batch are classified at once.
VALIDATION_BATCH = 256


class Means(NamedTuple):
    """What an epoch gave, on average over its images; the loss is weighted."""

    loss: float
    accuracy: float


class _Feed(NamedTuple):
    """What goes into the steps: planned rows, and their labels, weights and pixels."""

    plan: BatchPlan
    labels: NDArray[np.int64]
    label_weights: NDArray[np.float32]
    pixels: Iterator[NDArray[np.uint8]]


def run_epochs(
    form: KerasModel,
    images: ImageRows,
    parameters: TrainParameters,
    seed: int,
    progress: Progress,
) -> Generator[Means]:
    """Train `form`, and yield after each epoch what it gave.

    Args:
        form: from :func:`~onion_pipeline.training.form.make_training_form`.
        images: labelled images.
        parameters: how to train.
        seed: of the order of the images.
        progress: is told of each block.

    Raises:
        TrainingDivergedError: the loss of a step is not finite.
    """
    plan = BatchPlan(
        images,
        parameters.batch_size,
        int(np.prod(form.input_shape[1:])),
        EpochOrder(parameters.epochs, seed, parameters.variants_per_epoch),
    )
    optimizer = make_optimizer(parameters, plan.batches_per_epoch)
    parts = count_parts(form, plan.batch_size)
    run = compile_training(form, optimizer, plan.batch_size, parts)
    labels = images["label"]
    weigh = weigh_classes if parameters.class_weights else _weigh_alike
    label_weights = weigh(labels, form.output_shape[-1])
    with closing(read_pixels(images, plan)) as pixels:
        feed = _Feed(plan, labels, label_weights, pixels)
        for epoch in range(1, 1 + parameters.epochs):
            with progress.show_epoch(epoch, plan.batches_per_epoch) as report:
                means = _run_epoch(run, feed, epoch, report)
            yield means


def prepare_validation(form: KerasModel, images: ImageRows) -> Callable[[], Means]:
    """Return a function that measures the loss and accuracy of `form` as it is at that time."""
    labels = images["label"]
    image_bytes = int(np.prod(form.input_shape[1:]))
    plan = BatchPlan(images, VALIDATION_BATCH, image_bytes, EpochOrder())
    run = compile_validation(form, plan.batch_size)
    weights = _weigh_alike(labels, form.output_shape[-1])

    def validate() -> Means:
        with closing(read_pixels(images, plan)) as pixels:
            return _run_epoch(run, _Feed(plan, labels, weights, pixels), 1, lambda losses: None)

    return validate


def weigh_classes(labels: NDArray[np.int64], classes: int) -> NDArray[np.float32]:
    """Return a weight per class id, so that every class counts alike: ``N / (K * N_k)``.

    K are the classes that have images; the weight of others, which nothing has, is 1.

    Source: ``class_weight="balanced"`` of scikit-learn, after King and Zeng, "Logistic
    Regression in Rare Events Data", 2001.
    """
    counts = np.bincount(labels, minlength=classes)
    weights = len(labels) / (np.count_nonzero(counts) * np.maximum(counts, 1))
    return np.where(counts > 0, weights, 1).astype(np.float32)


def _weigh_alike(labels: NDArray[np.int64], classes: int) -> NDArray[np.float32]:
    return np.ones(classes, np.float32)


def _run_epoch(
    run: RunSteps, feed: _Feed, epoch: int, report: Callable[[NDArray[np.float32]], None]
) -> Means:
    plan, loss, correct = feed.plan, 0.0, 0
    first = (epoch - 1) * plan.blocks_per_epoch
    for number in range(first, first + plan.blocks_per_epoch):
        labels, weights = feed.labels[plan[number]], plan.weigh_rows(number)
        results = run(next(feed.pixels), labels, weights * feed.label_weights[labels])
        report(results.losses)
        sizes = np.count_nonzero(weights.reshape(-1, plan.batch_size), axis=1)
        loss += float(results.losses @ sizes.astype(np.float64))
        correct += int(results.correct.sum())
    return Means(loss / plan.images_per_epoch, correct / plan.images_per_epoch)
