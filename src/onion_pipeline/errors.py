"""Everything that this project raises on purpose.

Each message names what was found, where, what is allowed and what to do; the command line
shows it without a traceback.
"""

from collections.abc import Iterable, Sequence
from difflib import get_close_matches


class OnionError(Exception):
    """Base of the errors that a user can mend.

    Args:
        message: what was found, where, what is allowed and what to do.
        dataset: the catalog entry that lists more of it; the command line adds its path.
    """

    exit_code = 1  # of the command line

    def __init__(self, message: str = "", dataset: str | None = None) -> None:
        super().__init__(message)
        self.dataset = dataset


class ConfigurationError(OnionError, ValueError):
    """A parameter file or ``--params`` says something impossible."""


class LayerError(ConfigurationError):
    """The list of layers does not make a network."""


class WeightsError(ConfigurationError):
    """The weights of a pretrained network are missing, damaged or another one's."""


class TransformError(ConfigurationError):
    """The list of augmentations names an unknown transform or argument."""


class DataError(OnionError, ValueError):
    """The images cannot be used as they are."""


class DamagedFileError(OnionError):
    """An artifact was not finished, or has changed since it was written."""


class TrainingDivergedError(OnionError, ArithmeticError):
    """The loss, or a weight, became infinite or not a number."""


class MemoryShortageError(OnionError, MemoryError):
    """What is to be done would take more memory than there is."""


class RegistryError(OnionError, RuntimeError):
    """A model version is missing or cannot be used."""


class StoreOutageError(RegistryError):
    """MLflow does not answer, or answers that it is broken."""


class ParityError(RegistryError):
    """A model answers otherwise as a file, as a package or as ONNX than when it was tested."""


class VerificationError(OnionError):
    """A run today would make, or has made, something else than a model version."""


class LockedError(OnionError):
    """Another run is under way in this project."""


class DiskError(OnionError):
    """There is no room on a disk, or a place on it cannot be written to."""


class WorkerError(OnionError):
    """A worker process was killed, and so was the one that took its place."""


class InterruptedRunError(OnionError):
    """The user, or the system, has stopped the run."""

    exit_code = 130  # as a shell has it after Ctrl-C


def suggest(found: str, allowed: Iterable[str]) -> str:
    """Return "'found' is unknown; did you mean 'close'? Allowed: ..." for an error message."""
    names = sorted(allowed)
    lowered = {name.lower(): name for name in names}
    close = get_close_matches(found.lower(), lowered, n=1)
    hint = f"; did you mean {lowered[close[0]]!r}?" if close else "."
    listing = ", ".join(names) if len(names) <= 30 else f"{len(names)} names"  # noqa: PLR2004
    return f"{found!r} is unknown{hint} Allowed: {listing}."


def list_some(names: Sequence[str], most: int = 5, mark: str = ",") -> str:
    """Return the first of `names`, with a `mark` between them, and how many more there are."""
    more = f"{mark.strip(',')} and {len(names) - most} more" if len(names) > most else ""
    return f"{mark} ".join(names[:most]) + more
