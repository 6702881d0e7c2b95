"""Room on disks, and places that can be written to: found out by trying, since permissions lie."""

import atexit
import errno
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from onion_pipeline.errors import DiskError

# What is wrong with a disk, whichever file was being written.
FAULTS = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EFBIG, errno.EIO})


def check_folder(folder: Path) -> None:
    """Check that files can be made in `folder`, or in what it would be made in.

    Raises:
        DiskError: names the folder and the reason.
    """
    existing = next(each for each in (folder, *folder.parents) if os.path.lexists(each))
    try:
        with tempfile.TemporaryFile(dir=existing) as file:
            file.write(b"written?")
            file.flush()
    except OSError as error:
        raise DiskError(
            f"{folder} cannot be written to: {describe_fault(error)}. The run would leave files "
            "there. Make room, mend the permissions, or mount the disk for writing."
        ) from error


def check_temporary_folder() -> None:
    """Check that there is a folder for temporary files.

    Raises:
        DiskError: says where one was looked for.
    """
    try:
        tempfile.gettempdir()
    except FileNotFoundError as error:
        raise DiskError(
            f"{describe_fault(error)}. Make room, or name a folder that can be written to in the "
            "environment variable TMPDIR."
        ) from error


def provide_home() -> None:
    """Give libraries a folder for this process where the user has none, or none to write to.

    In a container a user often has but a number. MLflow cannot be imported then unless ``HOME``
    is set, and matplotlib warns of each folder that it tries.
    """
    try:
        home, lacking = Path.home(), "MPLCONFIGDIR"
        if os.access(home, os.W_OK | os.X_OK) or lacking in os.environ:
            return
    except RuntimeError:  # neither HOME nor an entry in the list of users
        lacking = "HOME"
    os.environ[lacking] = folder = tempfile.mkdtemp(prefix="onion_pipeline-home-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)


def check_room(path: Path, needed: int, what: str, freed: int = 0) -> None:
    """Check that the disk of `path` has room for `what`: `needed` bytes in place of `freed` ones.

    Raises:
        DiskError: names the path, what is needed and what is free.
    """
    free = measure_room(path)
    if needed > free + freed:
        raise DiskError(
            f"{path} has too little room: {what} will take {show_bytes(needed)}, and "
            f"{show_bytes(free + freed)} are free. Make room, let data/ be a link to a larger "
            "disk, or ask for less: ingest.image_size, augment.copies, augment.keep=false."
        )


def measure_room(path: Path) -> int:
    """Return the free bytes of the disk that `path` is on, or would be."""
    existing = next(each for each in (path, *path.parents) if each.exists())
    return shutil.disk_usage(existing).free


def show_bytes(count: int) -> str:
    """Return a number of bytes as people read it.

    Example:
        >>> show_bytes(1_234_567), show_bytes(45_600_000_000)
        ('1.2 MB', '45.6 GB')
    """
    return f"{count / 1e9:.1f} GB" if count >= 1e9 else f"{count / 1e6:.1f} MB"  # noqa: PLR2004


def describe_fault(error: OSError) -> str:
    """Return what the system says, without its number."""
    return error.strerror or str(error)


@contextmanager
def name_disk(path: Path) -> Iterator[None]:
    """Raise what a disk does not do for the file at `path` as :class:`DiskError`.

    Errors of files elsewhere, such as one that is read for it, pass as they are.
    """
    try:
        yield
    except OSError as error:
        if error.errno in FAULTS or _is_of(path.parent, error):
            raise DiskError(
                f"{path} cannot be written: {describe_fault(error)}; "
                f"{show_bytes(measure_room(path))} are free there. The earlier file, if there was "
                "one, is as it was. Make room, or the folder writable, and run the same command "
                "again."
            ) from error
        raise


def _is_of(folder: Path, error: OSError) -> bool:
    """Return whether an error is of a file in `folder` and not of one that nobody has made."""
    if not isinstance(error.filename, str) or Path(error.filename).parent != folder:
        return error.filename == str(folder)
    return not (isinstance(error, FileNotFoundError) and folder.is_dir())
