"""When a training is written to a checkpoint, and how it goes on from one."""

import logging
import time

from onion_pipeline.training.batches import BatchPlan
from onion_pipeline.training.checkpoints import TrainingFolder
from onion_pipeline.training.epochs import Position
from onion_pipeline.training.progress import Epoch, Progress
from onion_pipeline.training.state import TrainingState, read_kernels

logger = logging.getLogger(__name__)


class Checkpointer:
    """Keeps a training in checkpoints: after each epoch, and within one every few minutes.

    Args:
        folder: of its checkpoints; ``None`` if it should have none.
        state: of the training.
        progress: is told which checkpoint is the last.
        minutes: between two checkpoints of an epoch.
    """

    def __init__(
        self,
        folder: TrainingFolder | None,
        state: TrainingState,
        progress: Progress,
        minutes: float,
    ) -> None:
        self._folder = folder
        self._state = state
        self._progress = progress
        self._seconds = 60 * minutes
        self._saved = time.monotonic()

    def resume(self, plan: BatchPlan) -> None:
        """Bring the training to where its last checkpoint was written, if there is one."""
        found = self._folder and self._folder.read_last()
        if not found:
            self._state.kernels.append(read_kernels(self._state.graph))
            return
        self._progress.checkpoint, arrays = found
        self._state.restore(arrays)
        if self._state.finished:
            logger.info(
                "This training has been done before and is taken from %s. To do it anew, delete "
                "the folder of that file.",
                self._progress.checkpoint,
            )
        else:
            epoch, block, *_ = self._state.position
            step = min(block * plan.batches_per_block, plan.batches_per_epoch - 1)
            self._progress.resume(self._state.seconds, epoch + 1, step + 1, plan.batches_per_epoch)

    def note_block(self, position: Position) -> None:
        """Write a checkpoint if the last one is long ago.

        Raises:
            TrainingDivergedError: it would have a weight that is not finite.
        """
        self._state.position = position
        if self._folder and time.monotonic() - self._saved >= self._seconds:
            self._progress.check_weights(self._state.graph.get_weights(), position.epoch + 1)
            self._write(self._folder)

    def note_epoch(self, values: Epoch, last: bool) -> None:
        """Write a checkpoint after an epoch; the `last` one stays when the others are removed.

        Raises:
            TrainingDivergedError: a weight is not finite.
        """
        self._progress.check_weights(self._state.graph.get_weights(), values.epoch)
        self._state.history.append(values)
        self._state.kernels.append(read_kernels(self._state.graph))
        self._state.position = Position(values.epoch)
        self._state.finished = last
        if self._folder and self._write(self._folder) and last:
            self._folder.finish()

    def _write(self, folder: TrainingFolder) -> bool:
        """Write a checkpoint and return whether it is there; a full disk ends no training."""
        self._state.seconds = self._progress.seconds
        epoch, block, *_ = self._state.position
        try:
            self._progress.checkpoint = folder.write(epoch, block, self._state.export())
        except OSError as error:
            logger.warning("No checkpoint could be written (%s); the training goes on.", error)
            return False
        finally:
            self._saved = time.monotonic()
        return True
