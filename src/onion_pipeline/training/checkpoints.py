"""Checkpoints: a folder for each training, and when one is written and gone on from.

The folder has the name of the hash of all that decides the result, so that no training
goes on with the checkpoints of another one.
"""

import json
import logging
import re
import shutil
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from onion_pipeline.storage.seals import is_whole, locate_seal, write_sealed
from onion_pipeline.training import training_origin
from onion_pipeline.training.batches import BatchPlan
from onion_pipeline.training.epochs import Position
from onion_pipeline.training.progress import Epoch, Progress
from onion_pipeline.training.state import TrainingState

logger = logging.getLogger(__name__)

KEPT = 2
ORIGIN = "origin.json"
TRAINING = "training"  # the name of the folder, in case that somebody moves a file
FOLDER = re.compile(r"[0-9a-f]{16}")


class TrainingFolder:
    """The checkpoints of one training.

    Args:
        parent: the folder with those of all trainings.
        origin: from :func:`~onion_pipeline.training.training_origin.describe_training`.

    Attributes:
        path: of the folder; it appears with the first checkpoint.
    """

    def __init__(self, parent: Path, origin: training_origin.Origin) -> None:
        self._origin = origin
        self._damaged: set[Path] = set()
        self.path = parent / training_origin.hash_json(origin)
        self._name = np.array(self.path.name)

    def read_last(self) -> tuple[Path, dict[str, NDArray[Any]]] | None:
        """Return the last checkpoint that is as it was written, if there is one.

        Those that have changed since are named in a warning. If there is none, but other
        trainings have some, it is said how these differ.
        """
        for path in self._list_finished():
            arrays = self._read(path)
            if arrays is not None:
                return path, arrays
            self._damaged.add(path)
            logger.warning(
                "The checkpoint %s is not what was written, and is left out; the one before it "
                "is used, if there is one.",
                path,
            )
        self._explain_others()
        return None

    def write(self, epoch: int, block: int, arrays: Mapping[str, NDArray[Any]]) -> Path:
        """Write a checkpoint after whole epochs and blocks of the next; keep the one before it."""
        origin = self.path / ORIGIN
        if not is_whole(origin):
            with write_sealed(origin) as temporary:
                temporary.write_text(json.dumps(self._origin, indent=2), encoding="utf-8")
        path = self.path / f"epoch-{epoch:04}-block-{block:04}.npz"
        with write_sealed(path) as temporary:
            np.savez(temporary, allow_pickle=False, **{TRAINING: self._name}, **arrays)
        self._damaged.discard(path)
        self._remove_all_but([one for one in self._list_finished() if one not in self._damaged])
        return path

    def finish(self) -> None:
        """Remove all but the last checkpoint, and those of other trainings."""
        self._remove_all_but(self._list_finished()[:1])
        for other in self._list_others():
            shutil.rmtree(other, ignore_errors=True)  # one that is left does no harm

    def _list_finished(self) -> list[Path]:
        """Return the checkpoints that have a seal, the last one first."""
        found = self.path.glob("epoch-*-block-*.npz")
        return sorted(
            (path for path in found if locate_seal(path).is_file()),
            key=lambda path: [int(steps) for steps in re.findall(r"\d+", path.name)],
            reverse=True,
        )

    def _read(self, path: Path) -> dict[str, NDArray[Any]] | None:
        """Return what a checkpoint holds if it is whole and of this training."""
        if not is_whole(path):
            return None
        with np.load(path, allow_pickle=False) as file:
            arrays = dict(file)
        return arrays if arrays.pop(TRAINING, None) == self._name else None

    def _remove_all_but(self, checkpoints: list[Path]) -> None:
        """Remove what is in the folder, among it what a killed process has left half written."""
        stays = {self.path / ORIGIN, *checkpoints[:KEPT]}
        stays |= {locate_seal(path) for path in stays}
        for path in set(self.path.iterdir()) - stays:
            path.unlink()

    def _list_others(self) -> list[Path]:
        found = sorted(self.path.parent.glob("*"))
        return [one for one in found if FOLDER.fullmatch(one.name) and one != self.path]

    def _explain_others(self) -> None:
        for path in (other / ORIGIN for other in self._list_others()):
            if is_whole(path):
                earlier = json.loads(path.read_text(encoding="utf-8"))
                logger.info(
                    "%s holds checkpoints of a training that differs in %s. They are of no use "
                    "here, and are kept until this training has finished.",
                    path.parent,
                    training_origin.compare_origins(earlier, self._origin),
                )


class Checkpointer:
    """Keeps a training in checkpoints: after each epoch, and within one every few minutes.

    Args:
        folder: of its checkpoints; ``None`` if it should have none.
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
            self._state.kernels.append(self._state.read_kernels())
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
        self._state.kernels.append(self._state.read_kernels())
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
