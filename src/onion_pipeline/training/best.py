"""Which epoch's weights are kept, and when a training has been long enough."""

import math

import numpy as np
from numpy.typing import NDArray

from onion_pipeline.annotations import KerasModel
from onion_pipeline.parameters import EarlyStopping


class BestEpoch:
    """Keeps the weights of the epoch with the least validation loss.

    Args:
        model: that is trained.
        stopping: when to stop; ``None`` is never.

    Attributes:
        epoch: number of the best epoch so far, from 1.
        weights: of `model` after that epoch.
    """

    def __init__(self, model: KerasModel, stopping: EarlyStopping | None) -> None:
        self.epoch = 0
        self.weights: list[NDArray[np.float32]] = []
        self._model = model
        self._stopping = stopping
        self._seen = self._waited = 0
        self._least = self._to_beat = math.inf

    def note_epoch(self, loss: float) -> bool:
        """Note the validation loss of an epoch; return whether it should be the last.

        As in ``keras.callbacks.EarlyStopping``, an epoch that is better by less than
        ``min_delta`` counts as one of those without progress. Here it is kept all the same.
        """
        self._seen += 1
        if loss < self._least:
            self.epoch, self._least = self._seen, loss
            self.weights = self._model.get_weights()
        if self._stopping is None:
            return False
        if loss < self._to_beat - self._stopping.min_delta:
            self._to_beat, self._waited = loss, 0
        else:
            self._waited += 1
        return self._waited >= self._stopping.patience
