"""What all datasets that write have in common: whole files, checked before they are read."""

import logging
from copy import copy
from pathlib import Path, PurePosixPath
from typing import Any

from kedro.io import DatasetError

from onion_pipeline.errors import DamagedFileError
from onion_pipeline.storage.files import check_seal, read_seal, write_sealed

logger = logging.getLogger(__name__)


class Sealed:
    """A dataset that exists only if its file was written to the end and has not changed since.

    Attributes:
        outdated: whether a run today would make something else; it then counts as missing (see
            :mod:`onion_pipeline.hooks.artifact_origins`).
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
        if self.outdated or not path.is_file():
            return False
        try:
            check_seal(path)
        except DamagedFileError as error:
            logger.warning("Counts as missing: %s", error)
            return False
        return True


class SealedFile(Sealed):
    """Adds this to a dataset of kedro-datasets that keeps one local file."""

    _protocol: str
    _version: Any

    def find_path(self) -> Path:
        """Return where the file is."""
        return self._keep_local(super()._get_load_path())  # type: ignore[misc]

    def save(self, data: Any) -> None:
        """Write a temporary file with its seal, and rename both."""
        path = self._keep_local(self._get_save_path())  # type: ignore[attr-defined]
        with write_sealed(path) as temporary:
            writer = copy(self)
            writer._filepath, writer._version = PurePosixPath(temporary.as_posix()), None
            # Without Kedro's wrapper: an error of it would name the temporary file.
            super(SealedFile, writer).save.__wrapped__(writer, data)  # type: ignore[misc]

    def _get_load_path(self) -> PurePosixPath:
        """Return where the file is, once it is known to be whole: all that read it ask here."""
        path = self.find_path()
        check_seal(path)
        return PurePosixPath(path.as_posix())

    def _keep_local(self, path: PurePosixPath) -> Path:
        if self._protocol != "file":
            raise DatasetError(f"{path} must be on a local disk: elsewhere, files are not sealed.")
        return Path(path)
