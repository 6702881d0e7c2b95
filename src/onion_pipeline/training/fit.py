"""Training: from an untrained model and two sets of images to the best epoch's weights."""

from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from onion_pipeline.annotations import DataFrame, KerasModel, Phase
from onion_pipeline.model.backend import import_keras
from onion_pipeline.model.copying import copy_network
from onion_pipeline.parameters import TrainParameters
from onion_pipeline.training import epochs
from onion_pipeline.training.batches import ImageRows
from onion_pipeline.training.checkpoints import Checkpointer, TrainingFolder
from onion_pipeline.training.early_stopping import EarlyStopper
from onion_pipeline.training.layer_rates import rate_layers
from onion_pipeline.training.memory import check_memory
from onion_pipeline.training.precision import choose_precision
from onion_pipeline.training.progress import Epoch, Progress
from onion_pipeline.training.state import TrainingState
from onion_pipeline.training.training_graph import make_training_graph
from onion_pipeline.training.training_origin import describe_training


class Trained(NamedTuple):
    """A trained model, without its optimiser, and how it got there.

    Args:
        model: with the weights of the best epoch.
        history: columns ``epoch`` (from 1), ``loss``, ``accuracy``, ``validation_loss``,
            ``validation_accuracy``, ``best`` (true in one row). Loss and accuracy are of the
            training, in its precision; the validation's in float32, as the model will answer.
        kernels: float32, (1 + epochs, height, width, channels, filters): the windows of the first
            convolution before the first epoch and after each; (1 + epochs, 0, 0, 0, 0) for a
            network without one.
    """

    model: KerasModel
    history: DataFrame
    kernels: NDArray[np.float32]


def train_model(  # noqa: PLR0913
    untrained: KerasModel,
    images: ImageRows,
    validation: ImageRows,
    parameters: TrainParameters,
    seed: int,
    *,
    checkpoints: Path | None = None,
    keep_start: bool = False,
    phase: Phase | None = None,
) -> Trained:
    """Train a copy of `untrained` and keep the weights of the epoch with the least validation loss.

    The same arguments on the same machine, with the same number of threads, give the same
    weights to the last bit, however often the training was stopped and went on from a checkpoint.

    Args:
        untrained: from :func:`~onion_pipeline.model.build.build_model`; left as it is.
        images: labelled images for training, augmented ones among them.
        validation: labelled images that choose among the epochs.
        parameters: how to train.
        seed: of the order of the images and of Dropout.
        checkpoints: their folder; a training that is made of the same goes on from its last one,
            and is not done again if it has finished. ``None`` reads and writes none.
        keep_start: whether `untrained` itself may be the best that there is; then no epoch is.
        phase: of a network that begins with a backbone, for messages.

    Raises:
        MemoryShortageError: it would not fit into the memory of this machine.
        TrainingDivergedError: the loss or a weight is not finite; names the epoch and the step.
    """
    folder = None
    if checkpoints:
        origin = describe_training(untrained, images, validation, parameters, seed)
        folder = TrainingFolder(checkpoints, origin)
    import pandas as pd

    import_keras().utils.set_random_seed(seed)
    precision = choose_precision(parameters.precision, untrained)
    graph = make_training_graph(untrained, precision, parameters.image_size)
    check_memory(graph, parameters.batch_size, precision)
    rates = rate_layers(graph, parameters.layer_decay)
    course = epochs.prepare_training(graph, images, parameters, seed, rates)
    # Judged in float32, as what is kept will answer, whatever it learns in.
    # In a graph of its own unless the weights that are judged are those that learn.
    shared = precision == "float32" and not (parameters.ema or parameters.image_size)
    answering = graph if shared else make_training_graph(untrained, "float32")
    validate = epochs.prepare_validation(answering, validation)
    state = TrainingState(graph, course.optimizer, EarlyStopper(parameters.early_stopping))
    progress = Progress(parameters.epochs, parameters.batch_size, phase=phase)
    checkpointer = Checkpointer(folder, state, progress, parameters.checkpoint_minutes)
    checkpointer.resume(course.plan)
    if keep_start and not state.stopper.best_weights:
        weights = graph.get_weights()
        state.stopper.note_start(validate(weights).loss, weights)
    if not state.finished:
        _learn(course, state, checkpointer, progress, validate)
    graph.set_weights(state.stopper.best_weights)
    history = pd.DataFrame(state.history, columns=Epoch._fields)
    history["best"] = history["epoch"] == state.stopper.best_epoch
    return Trained(copy_network(untrained, graph), history, np.stack(state.kernels))


def _learn(
    course: epochs.Course,
    state: TrainingState,
    checkpointer: Checkpointer,
    progress: Progress,
    validate: Callable[[epochs.Weights], epochs.Means],
) -> None:
    """Do what is left of a training."""
    training = epochs.run_epochs(course, state.position, progress, checkpointer.note_block)
    with closing(training):
        for number, learned in enumerate(training, start=1 + len(state.history)):
            weights = state.read_weights()
            values = Epoch(number, *learned, *validate(weights))
            progress.finish_epoch(values)
            enough = state.stopper.note_epoch(values.validation_loss, weights)
            checkpointer.note_epoch(values, last=enough or number == course.plan.epochs)
            if enough:
                break
