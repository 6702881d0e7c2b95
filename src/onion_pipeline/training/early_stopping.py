"""Early stopping: which epoch's weights are kept, and when a training has been long enough."""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from onion_pipeline.annotations import KerasModel
from onion_pipeline.parameters import EarlyStopping


class StoppingState(NamedTuple):
    """What the epochs so far have come to.

    Args:
        best_epoch: the one with the least validation loss, from 1; 0 if there was none.
        to_beat: the loss by which progress is measured.
        waited: epochs since that progress.
    """

    epochs: int = 0
    best_epoch: int = 0
    best_loss: float = math.inf
    to_beat: float = math.inf
    waited: int = 0


class EarlyStopper:
    """Keeps the weights of the best epoch, and says when there have been enough epochs.

    Attributes:
        state: of the epochs so far; with `best_weights` all that a later process needs.
        best_weights: of `model` after the epoch with the least validation loss.
    """

    def __init__(self, model: KerasModel, stopping: EarlyStopping | None) -> None:
        self.state = StoppingState()
        self.best_weights: list[NDArray[np.float32]] = []
        self._model = model
        self._stopping = stopping

    def note_epoch(self, loss: float) -> bool:
        """Note the validation loss of an epoch; return whether it should be the last.

        As in ``keras.callbacks.EarlyStopping``, an epoch that is better by less than
        ``min_delta`` counts as one of those without progress. Here it is kept all the same.
        """
        epochs, best_epoch, best_loss, to_beat, waited = self.state
        epochs += 1
        if loss < best_loss:
            best_epoch, best_loss = epochs, loss
            self.best_weights = self._model.get_weights()
        if loss < to_beat - (self._stopping.min_delta if self._stopping else 0):
            to_beat, waited = loss, 0
        else:
            waited += 1
        self.state = StoppingState(epochs, best_epoch, best_loss, to_beat, waited)
        return self._stopping is not None and waited >= self._stopping.patience
