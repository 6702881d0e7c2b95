"""``ImageSourceDataset`` opens a folder, a zip or a single file of images for reading."""

from pathlib import Path
from typing import Any, NoReturn

from kedro.io import AbstractDataset, DatasetError

from onion_pipeline.images.sources import ImageSource, open_source


class ImageSourceDataset(AbstractDataset[NoReturn, ImageSource]):
    """``ImageSourceDataset`` opens a collection of image files without decoding them.

    The files are listed when the dataset is loaded and read when a node asks for them; an
    archive is read in place. The dataset never writes.

    Examples:
        Using the [YAML API](https://docs.kedro.org/en/stable/catalog-data/data_catalog_yaml_examples/):

        ```yaml
        raw_images:
          type: onion_pipeline.datasets.image_source_dataset.ImageSourceDataset
          filepath: ${runtime_params:images, data/01_raw/digits.zip}
        ```

        Using the [Python API](https://docs.kedro.org/en/stable/catalog-data/advanced_data_catalog_usage/):

        >>> dataset = ImageSourceDataset(filepath="data/01_raw/digits.zip")
        >>> source = dataset.load()
        >>> source.paths[0], len(source.paths)
        ('0/0000.png', 5000)
        >>> source.read("0/0000.png")[1:4]
        b'PNG'

    """

    def __init__(self, *, filepath: str, metadata: dict[str, Any] | None = None) -> None:
        """Creates a new instance of ``ImageSourceDataset``.

        Args:
            filepath: A folder with one sub-folder per class, a zip of one, or an image file.
            metadata: Any arbitrary metadata. This is ignored by Kedro, but may be consumed by
                users or external plugins.
        """
        self._filepath = Path(filepath)
        self.metadata = metadata

    def load(self) -> ImageSource:
        """List the files.

        Raises:
            DataError: there is nothing at the path, or no file in it.
        """
        return open_source(self._filepath)

    def save(self, data: NoReturn) -> NoReturn:
        """Raise ``DatasetError``: raw images are never written to."""
        raise DatasetError(f"{self.__class__.__name__} is read-only: raw images stay as they are")

    def _describe(self) -> dict[str, Any]:
        return {"filepath": str(self._filepath)}

    def _exists(self) -> bool:
        return self._filepath.exists()
