"""Early stopping: which epoch's weights are kept, and when a training has been long enough."""

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from onion_pipeline.parameters import EarlyStopping


@dataclass
class EarlyStopper:
    """Keeps the weights of the best epoch, and says when there have been enough epochs.

    Args:
        stopping: when to stop; ``None`` is never.
        best_epoch: the one with the least validation loss, from 1; 0 if there was none.
        best_loss: its validation loss.
        to_beat: the loss by which progress is measured.
        waited: epochs since that progress.
        best_weights: those that had it.
    """

    stopping: EarlyStopping | None
    epochs: int = 0
    best_epoch: int = 0
    best_loss: float = math.inf
    to_beat: float = math.inf
    waited: int = 0
    best_weights: list[NDArray[np.float32]] = field(default_factory=list)

    def note_epoch(self, loss: float, weights: list[NDArray[np.float32]]) -> bool:
        """Note the validation loss of an epoch, and of which weights; return if it is the last.

        As in ``keras.callbacks.EarlyStopping``, an epoch that is better by less than
        ``min_delta`` counts as one of those without progress. Here it is kept all the same.
        """
        self.epochs += 1
        if loss < self.best_loss:
            self.best_epoch, self.best_loss = self.epochs, loss
            self.best_weights = weights
        if loss < self.to_beat - (self.stopping.min_delta if self.stopping else 0):
            self.to_beat, self.waited = loss, 0
        else:
            self.waited += 1
        return self.stopping is not None and self.waited >= self.stopping.patience
