"""``CheckpointsDataset`` opens the folder in which trainings keep their checkpoints."""

from pathlib import Path
from typing import Any, NoReturn

from kedro.io import AbstractDataset, DatasetError


class CheckpointsDataset(AbstractDataset[NoReturn, Path]):
    """``CheckpointsDataset`` gives a training the folder of its checkpoints.

    A training reads and writes them while it runs, which no node does with an entry that is
    its input or its output. The entry is therefore an input: a place, not a value. It always
    exists, since a training without checkpoints starts at its first epoch.

    Examples:
        Using the [YAML API](https://docs.kedro.org/en/stable/catalog-data/data_catalog_yaml_examples/):

        ```yaml
        training_checkpoints:
          type: onion_pipeline.datasets.checkpoints_dataset.CheckpointsDataset
          filepath: data/06_models/checkpoints
        ```

        Using the [Python API](https://docs.kedro.org/en/stable/catalog-data/advanced_data_catalog_usage/):

        >>> dataset = CheckpointsDataset(filepath="data/06_models/checkpoints")
        >>> dataset.exists(), dataset.load().name
        (True, 'checkpoints')

    """

    def __init__(self, *, filepath: str, metadata: dict[str, Any] | None = None) -> None:
        """Creates a new instance of ``CheckpointsDataset``.

        Args:
            filepath: Path of a folder on a local disk, which need not exist.
            metadata: Any arbitrary metadata. This is ignored by Kedro, but may be consumed by
                users or external plugins.
        """
        self._filepath = Path(filepath)
        self.metadata = metadata

    def load(self) -> Path:
        """Return the folder; nothing is read."""
        return self._filepath

    def save(self, data: NoReturn) -> NoReturn:
        """Raise ``DatasetError``: a training writes its checkpoints itself."""
        raise DatasetError(
            f"{self.__class__.__name__} is read-only: a training writes its checkpoints itself"
        )

    def _describe(self) -> dict[str, Any]:
        return {"filepath": str(self._filepath)}

    def _exists(self) -> bool:
        return True
