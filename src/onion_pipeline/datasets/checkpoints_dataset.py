"""``CheckpointsDataset`` opens the folder in which trainings keep their checkpoints."""

from pathlib import Path
from typing import Any, NoReturn

from kedro.io import AbstractDataset, DatasetError


class CheckpointsDataset(AbstractDataset[NoReturn, Path]):
    """``CheckpointsDataset`` gives a training the folder of its checkpoints.

    A training reads and writes them while it runs, which no node does with an entry that is
    its input or its output. The entry is therefore an input: a place, not a value. It always
    exists, since a training without checkpoints starts at its first epoch::

        training_checkpoints:
          type: onion_pipeline.datasets.CheckpointsDataset
          filepath: data/06_models/checkpoints

    Args:
        filepath: Path of a folder on a local disk, which need not exist.
        metadata: Ignored by Kedro, and read by plugins such as Kedro-Viz.
    """

    def __init__(self, *, filepath: str, metadata: dict[str, Any] | None = None) -> None:
        self._filepath = Path(filepath)
        self.metadata = metadata

    def load(self) -> Path:
        """Return the folder; nothing is read."""
        return self._filepath

    def save(self, data: NoReturn) -> NoReturn:
        """Raise ``DatasetError``: a training writes its checkpoints itself."""
        raise DatasetError("Checkpoints are read-only: a training writes its checkpoints itself")

    def _describe(self) -> dict[str, Any]:
        return {"filepath": str(self._filepath)}

    def _exists(self) -> bool:
        return True
