"""Training: from an untrained model and two sets of images to the best epoch's weights."""

from collections.abc import Sequence
from contextlib import closing
from typing import NamedTuple

from onion_pipeline.annotations import DataFrame, KerasModel
from onion_pipeline.model.backend import import_keras
from onion_pipeline.parameters import TrainParameters
from onion_pipeline.training.batches import ImageRows
from onion_pipeline.training.best import BestEpoch
from onion_pipeline.training.epochs import prepare_validation, run_epochs
from onion_pipeline.training.form import copy_with_weights, make_training_form
from onion_pipeline.training.precision import choose_precision
from onion_pipeline.training.progress import Epoch, Progress


class Trained(NamedTuple):
    """A trained model, without its optimiser, and how it got there.

    Args:
        model: with the weights of the best epoch.
        history: columns ``epoch`` (from 1), ``loss``, ``accuracy``, ``validation_loss``,
            ``validation_accuracy``, ``best`` (true in one row).
    """

    model: KerasModel
    history: DataFrame


def train_model(
    untrained: KerasModel,
    images: ImageRows,
    validation: ImageRows,
    parameters: TrainParameters,
    seed: int,
) -> Trained:
    """Train a copy of `untrained` and keep the weights of the epoch with the least validation loss.

    The same arguments on the same machine, with the same number of threads, give the same
    weights to the last bit.

    Args:
        untrained: from :func:`~onion_pipeline.model.build.build_model`; left as it is.
        images: labelled images for training, augmented ones among them.
        validation: labelled images that choose among the epochs.
        parameters: how to train.
        seed: of the order of the images and of Dropout.

    Raises:
        TrainingDivergedError: the loss is not finite; names the epoch and the step.
    """
    import_keras().utils.set_random_seed(seed)
    form = make_training_form(untrained, choose_precision(parameters.precision, untrained))
    progress = Progress(parameters.epochs, parameters.batch_size)
    best = BestEpoch(form, parameters.early_stopping)
    validate = prepare_validation(form, validation)
    history: list[Epoch] = []
    with closing(run_epochs(form, images, parameters, seed, progress)) as epochs:
        for number, learned in enumerate(epochs, start=1):
            history.append(Epoch(number, *learned, *validate()))
            progress.finish_epoch(history[-1])
            if best.note_epoch(history[-1].validation_loss):
                break
    form.set_weights(best.weights)
    return Trained(copy_with_weights(untrained, form), _tabulate(history, best.epoch))


def _tabulate(history: Sequence[Epoch], best: int) -> DataFrame:
    import pandas as pd

    table = pd.DataFrame(history, columns=Epoch._fields)
    table["best"] = table["epoch"] == best
    return table
