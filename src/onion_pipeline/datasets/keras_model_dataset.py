"""``KerasModelDataset`` saves and loads Keras models as ``.keras`` files."""

from pathlib import Path
from typing import Any

from kedro.io import AbstractDataset, DatasetError

from onion_pipeline.annotations import KerasModel
from onion_pipeline.datasets.sealed import Sealed
from onion_pipeline.model.backend import import_keras
from onion_pipeline.model.saving import save_model
from onion_pipeline.storage.seals import check_seal, write_sealed


class KerasModelDataset(Sealed, AbstractDataset[KerasModel, KerasModel]):
    """``KerasModelDataset`` saves a Keras model in the ``.keras`` format, whole or not at all.

    Differs from ``kedro_datasets.tensorflow.TensorFlowModelDataset`` in that TensorFlow is
    imported only when a model is saved or loaded, the same model gives the same bytes, a failed
    save leaves the earlier file, and a file that has changed, were it by one bit, is refused::

        trained_model:
          type: onion_pipeline.datasets.KerasModelDataset
          filepath: data/06_models/trained_model.keras

    Args:
        filepath: Path of a ``.keras`` file on a local disk.
        metadata: Ignored by Kedro, and read by plugins such as Kedro-Viz.

    Raises:
        DatasetError: the path does not end in ``.keras``.
    """

    def __init__(self, *, filepath: str, metadata: dict[str, Any] | None = None) -> None:
        self._filepath = Path(filepath)
        self.metadata = metadata
        if self._filepath.suffix != ".keras":
            raise DatasetError(f"{filepath} must end in .keras: no other format is written")

    def load(self) -> KerasModel:
        """Return the model without its optimiser, refusing code in the file."""
        check_seal(self._filepath)
        return import_keras().models.load_model(self._filepath, compile=False, safe_mode=True)

    def save(self, data: KerasModel) -> None:
        """Write the model to a temporary file and rename it."""
        with write_sealed(self._filepath) as path:
            save_model(data, path)

    def _describe(self) -> dict[str, Any]:
        return {"filepath": str(self._filepath)}
