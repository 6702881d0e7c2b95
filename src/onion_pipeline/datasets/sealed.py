"""What all datasets that write have in common: whole files, checked before they are read."""

import logging
from pathlib import Path, PurePosixPath
from typing import Any

from kedro.io import DatasetError

from onion_pipeline.errors import DamagedFileError
from onion_pipeline.storage.seals import check_seal, read_seal, write_sealed

logger = logging.getLogger(__name__)


class Sealed:
    """A dataset that exists only if its file was written to the end and has not changed since.

    Attributes:
        outdated: whether a run today would make something else; it then counts as missing (see
            :mod:`onion_pipeline.hooks.outdated_artifacts`).
    """

    outdated = False
    _filepath: Any

    def find_path(self) -> Path:
        """Return where the file is."""
        return Path(self._filepath)

    def find_state(self) -> str | None:
        """Return the checksum of the file as it was written; ``None`` if it has no seal."""
        seal = read_seal(self.find_path())
        return seal.checksum if seal else None

    def _exists(self) -> bool:
        path = self.find_path()
        try:
            return not self.outdated and path.is_file() and bool(check_seal(path))
        except DamagedFileError as error:
            logger.warning("Counts as missing: %s", error)
        return False


class SealedFile(Sealed):
    """Seals what a dataset of kedro-datasets keeps in one local file, or in one for each version.

    Such a dataset asks Kedro's ``_get_load_path`` and ``_get_save_path``, which are for the
    authors of datasets, where its file is; here it is told so.
    """

    _protocol: str
    _temporary: Path

    def find_path(self) -> Path:
        """Return where the file is."""
        return self._keep_local(super()._get_load_path())  # type: ignore[misc]

    def save(self, data: Any) -> None:
        """Write a temporary file with its seal, and rename both."""
        with write_sealed(self._keep_local(super()._get_save_path())) as self._temporary:  # type: ignore[misc]
            # Kedro's wrapper (kedro-org/kedro#3920), which looks for what was saved, goes around
            # the whole; around this it would look too early. kedro-datasets calls it so, too.
            super().save.__wrapped__(self, data)  # type: ignore[misc]

    def _get_save_path(self) -> PurePosixPath:
        return PurePosixPath(self._temporary.as_posix())

    def _get_load_path(self) -> PurePosixPath:
        """Return where the file is, once it is known to be whole."""
        path = self.find_path()
        check_seal(path)
        return PurePosixPath(path.as_posix())

    def _keep_local(self, path: PurePosixPath) -> Path:
        if self._protocol != "file":
            raise DatasetError(f"{path} must be on a local disk: elsewhere, files are not sealed.")
        return Path(path)
