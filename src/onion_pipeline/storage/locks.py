"""One run at a time: a lock that the system itself drops when its holder ends, however it ends."""

import json
import logging
import os
import platform
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path

from onion_pipeline.errors import LockedError

logger = logging.getLogger(__name__)


@contextmanager
def hold_lock(path: Path, work: str) -> Iterator[None]:
    """Hold the lock at `path` for this block; processes that it starts do not.

    ``<name>.json`` beside the lock says who holds it. The lock's own file stays, since whoever
    removes it may remove the lock of another. Where the file system knows no locks, or the folder
    cannot be written to, a warning is all there is. Missing folders are made; `work` says in a few
    words what the lock is held for.

    Raises:
        LockedError: somebody else has it, another part of this very process perhaps.
    """
    from filelock import FileLock, Timeout

    lock = FileLock(path, fallback_to_soft=False)
    note = path.with_suffix(".json")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        lock.acquire(timeout=0)
        start = datetime.now().astimezone().isoformat(" ", "seconds")
        holder = {"process": os.getpid(), "host": platform.node(), "start": start, "work": work}
        note.write_text(json.dumps(holder), encoding="utf-8")
    except Timeout:
        raise LockedError(_describe_holder(note)) from None
    except OSError as error:
        logger.warning("No lock can be held at %s (%s): start no other run here", path, error)
    try:
        yield
    finally:
        if lock.is_locked:
            note.unlink(missing_ok=True)
            lock.release()


def _describe_holder(note: Path) -> str:
    try:
        holder = "process {process} on {host}, since {start}, runs {work}".format_map(
            json.loads(note.read_text(encoding="utf-8"))
        )
    except (OSError, ValueError, KeyError):  # it has only just begun
        holder = f"{note} will name it"
    return (
        f"Another run is under way in this project: {holder}. Two at once would spoil each "
        "other's results. Wait until it has ended, or run in another copy of the project."
    )
