"""Whole epochs: blocks of images through many compiled steps each."""

from collections.abc import Callable, Generator, Iterator
from contextlib import closing
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from onion_pipeline.annotations import KerasModel
from onion_pipeline.images.arrays import count_rows
from onion_pipeline.parameters import TrainParameters
from onion_pipeline.training import steps
from onion_pipeline.training.batches import BatchPlan, ImageRows, read_pixels
from onion_pipeline.training.mixing import make_mixing
from onion_pipeline.training.optimizers import Multipliers, make_optimizer
from onion_pipeline.training.progress import Progress

# Only speed depends on it, and memory: the images of a batch are classified at once. Of large ones
# there are fewer in it.
VALIDATION_BATCH = 256

Weights = list[NDArray[np.float32]]


class Means(NamedTuple):
    """What an epoch gave, on average over its images; the loss is weighted."""

    loss: float
    accuracy: float


class Position(NamedTuple):
    """How far a training is, between two blocks of images.

    Args:
        epoch: whole epochs that are done.
        block: blocks of the next one that are done.
        loss: sum of the weighted losses over the images of these blocks.
        correct: how many of these images were classified correctly.
    """

    epoch: int = 0
    block: int = 0
    loss: float = 0.0
    correct: int = 0


class Course(NamedTuple):
    """What the steps of a training are made of.

    Args:
        plan: which images make up each batch.
        labels: int64, (N,), of all images.
        label_weights: float32, (K,), what the images of each class count.
        run: does the steps of a block.
    """

    images: ImageRows
    plan: BatchPlan
    labels: NDArray[np.int64]
    label_weights: NDArray[np.float32]
    optimizer: Any
    run: steps.RunSteps


def prepare_training(
    graph: KerasModel,
    images: ImageRows,
    parameters: TrainParameters,
    seed: int,
    multipliers: Multipliers | None = None,
) -> Course:
    """Return the steps that train a training graph.

    Args:
        graph: from :func:`~onion_pipeline.training.training_graph.make_training_graph`.
        images: labelled images.
        parameters: how to train.
        seed: of the order of the images, and of how they are mixed.
        multipliers: of the learning rate of single variables.
    """
    plan = BatchPlan(
        images,
        parameters.batch_size,
        int(np.prod(graph.input_shape[1:])),
        epochs=parameters.epochs,
        seed=seed,
        variants=parameters.variants_per_epoch,
    )
    labels, classes = images["label"], graph.output_shape[-1]
    optimizer = make_optimizer(parameters, plan.batches_per_epoch, multipliers)
    parts = steps.count_parts(graph, plan.batch_size)
    mix = make_mixing(parameters, classes, seed)
    run = steps.compile_training(graph, optimizer, plan.batch_size, parts, mix)
    weights = weigh_classes(labels, classes) if parameters.class_weights else np.ones(classes)
    return Course(images, plan, labels, weights.astype(np.float32), optimizer, run)


def run_epochs(
    course: Course,
    start: Position,
    progress: Progress,
    note_block: Callable[[Position], None],
) -> Generator[Means]:
    """Train from `start` on, and yield after each epoch what it gave.

    `progress` is told of each block, and `note_block` how far the training is after it.

    Raises:
        TrainingDivergedError: the loss of a step is not finite.
    """
    plan = course.plan
    first = start.epoch * plan.blocks_per_epoch + start.block
    with closing(read_pixels(course.images, plan, first)) as pixels:
        for epoch in range(start.epoch, plan.epochs):
            position = start if epoch == start.epoch else Position(epoch)
            done = min(position.block * plan.batches_per_block, plan.batches_per_epoch)
            with progress.show_epoch(epoch + 1, plan.batches_per_epoch, done) as report:
                for losses, reached in run_blocks(course, pixels, position):
                    report(losses)
                    note_block(reached)
                    position = reached
            yield _average(position, plan)


def prepare_validation(graph: KerasModel, images: ImageRows) -> Callable[[Weights], Means]:
    """Return a function that measures the loss and accuracy that weights give `graph`.

    `graph` computes as the trained model will answer; the weights that are measured stay in it.
    """
    shape = graph.input_shape[1:]
    batch = count_rows(np.dtype((np.uint8, shape)), VALIDATION_BATCH)
    plan = BatchPlan(images, batch, int(np.prod(shape)))
    run = steps.compile_validation(graph, plan.batch_size)
    alike = np.ones(graph.output_shape[-1], np.float32)
    course = Course(images, plan, images["label"], alike, None, run)

    def validate(weights: Weights) -> Means:
        graph.set_weights(weights)
        with closing(read_pixels(images, plan)) as pixels:
            *_, (_, position) = run_blocks(course, pixels, Position())
        return _average(position, plan)

    return validate


def weigh_classes(labels: NDArray[np.int64], classes: int) -> NDArray[np.float32]:
    """Return a weight per class id, so that every class counts alike.

    Returns:
        float32, (classes,); 1 for a class without images.
    """
    from sklearn.utils.class_weight import compute_class_weight

    present = np.unique(labels)
    weights = np.ones(classes, np.float32)
    weights[present] = compute_class_weight("balanced", classes=present, y=labels)
    return weights


def run_blocks(
    course: Course, pixels: Iterator[NDArray[np.uint8]], position: Position
) -> Iterator[tuple[NDArray[np.float32], Position]]:
    """Do what is left of an epoch; yield of each block the losses and the position after it."""
    plan = course.plan
    epoch, _, loss, correct = position
    for block in range(position.block, plan.blocks_per_epoch):
        number = epoch * plan.blocks_per_epoch + block
        labels, weights = course.labels[plan[number]], plan.weigh_rows(number)
        losses, hits = course.run(next(pixels), labels, weights * course.label_weights[labels])
        sizes = np.count_nonzero(weights.reshape(-1, plan.batch_size), axis=1)
        loss += float(losses @ sizes.astype(np.float64))
        correct += int(hits.sum())
        yield losses, Position(epoch, block + 1, loss, correct)


def _average(position: Position, plan: BatchPlan) -> Means:
    return Means(position.loss / plan.images_per_epoch, position.correct / plan.images_per_epoch)
