"""Which epoch's weights are kept, and when a training has been long enough."""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from onion_pipeline.annotations import KerasModel
from onion_pipeline.parameters import EarlyStopping


class Standing(NamedTuple):
    """What the epochs so far have come to.

    Args:
        seen: how many there were.
        epoch: number of the best one, from 1; 0 if there was none.
        least: its validation loss.
        to_beat: the loss by which progress is measured.
        waited: epochs since that progress.
    """

    seen: int = 0
    epoch: int = 0
    least: float = math.inf
    to_beat: float = math.inf
    waited: int = 0


class BestEpoch:
    """Keeps the weights of the epoch with the least validation loss.

    Args:
        model: that is trained.
        stopping: when to stop; ``None`` is never.

    Attributes:
        standing: of the epochs so far; with `weights` all that a later process needs.
        weights: of `model` after the best of them.
    """

    def __init__(self, model: KerasModel, stopping: EarlyStopping | None) -> None:
        self.standing = Standing()
        self.weights: list[NDArray[np.float32]] = []
        self._model = model
        self._stopping = stopping

    def note_epoch(self, loss: float) -> bool:
        """Note the validation loss of an epoch; return whether it should be the last.

        As in ``keras.callbacks.EarlyStopping``, an epoch that is better by less than
        ``min_delta`` counts as one of those without progress. Here it is kept all the same.
        """
        seen, epoch, least, to_beat, waited = self.standing
        seen += 1
        if loss < least:
            epoch, least = seen, loss
            self.weights = self._model.get_weights()
        if loss < to_beat - (self._stopping.min_delta if self._stopping else 0):
            to_beat, waited = loss, 0
        else:
            waited += 1
        self.standing = Standing(seen, epoch, least, to_beat, waited)
        return self._stopping is not None and waited >= self._stopping.patience
