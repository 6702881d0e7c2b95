"""``ImageSourceDataset`` opens a source of images, near or far, for reading."""

from contextlib import suppress
from typing import Any, NoReturn

from kedro.io import AbstractDataset, DatasetError

from onion_pipeline.images import sources


class ImageSourceDataset(AbstractDataset[NoReturn, sources.ImageSource]):
    """``ImageSourceDataset`` opens a source of images without decoding them.

    The files are listed when the dataset is loaded and read when a node asks for them; an
    archive is read in place. The dataset never writes::

        raw_images:
          type: onion_pipeline.datasets.ImageSourceDataset
          filepath: data/01_raw/digits.zip

        photos_of_last_year:
          type: onion_pipeline.datasets.ImageSourceDataset
          filepath: s3://my-bucket/photos/2024

    Args:
        filepath: A path or a URI that fsspec understands (``s3://``, ``gs://``, ``https://`` and
            others) of a folder with one sub-folder per label, a zip or tar archive of one, a CSV,
            TSV, JSON Lines or Parquet table with the columns ``path`` and ``label``, IDX files as
            those of MNIST, or an image file. Credentials are those that the environment holds for
            the file system.
        labelled: Whether something has to name the labels. If not, as for new images that are to
            be classified, tables need the column ``path`` alone.
        metadata: Ignored by Kedro, and read by plugins such as Kedro-Viz.
    """

    def __init__(
        self, *, filepath: str, labelled: bool = True, metadata: dict[str, Any] | None = None
    ) -> None:
        self._filepath = str(filepath)
        self._labelled = labelled
        self._state: str | None = None
        self._source: sources.ImageSource | None = None
        self.metadata = metadata

    def load(self) -> sources.ImageSource:
        """List the files, unless they have been listed and nothing has changed since.

        Raises:
            DataError: nothing is there, it is of no known kind, or it holds no file.
        """
        state = sources.find_state(self._filepath)  # first: what changes from now on has changed
        if self._source is None or state is None or state != self._state:
            self._source = sources.open_source(self._filepath, labelled=self._labelled)
        self._state = state
        return self._source

    def save(self, data: NoReturn) -> NoReturn:
        """Raise ``DatasetError``: raw images are never written to."""
        raise DatasetError(f"{self.__class__.__name__} is read-only: raw images stay as they are")

    def find_state(self) -> str | None:
        """Return what changes when a file does: as it was when last loaded, or else as it is."""
        return self._state or sources.find_state(self._filepath)

    def _describe(self) -> dict[str, Any]:
        return {"filepath": sources.hide_credentials(self._filepath)}

    def _exists(self) -> bool:
        with suppress(OSError):  # loading tells of it, without the credentials in an address
            return sources.find_place(self._filepath).find_kind() is not None
        return False
