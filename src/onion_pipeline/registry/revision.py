"""Which code made a result: as it is, and as git knows it."""

import hashlib
import os
import subprocess
from pathlib import Path

from onion_pipeline.images.origin import PACKAGE, hash_code

# Untracked files of other kinds may be pictures, and many.
SOURCES = ("*.py", "*.toml", "*.yaml", "*.yml")
SHORT = 16  # hexadecimal digits of a hash
# The text of a difference, without what the user's own settings of git would make of it.
DIFFERENCE = ("diff", "HEAD", "--full-index", "--no-color", "--no-ext-diff", "--no-textconv")


def describe_code(package: Path = PACKAGE) -> dict[str, str | None]:
    """Return what identifies the code of this project.

    Args:
        package: the folder of its source; git is asked about what it lies in.

    Returns:
        ``package``: a hash of its source; ``commit``, and ``changes``: the SHA-256 of the
        difference to it and of untracked source files. Without git, or where git does not know
        the package, ``commit`` is ``None``; without changes, ``changes`` is.
    """
    known = _ask_git(package, "ls-files", "__init__.py")
    commit = _ask_git(package, "rev-parse", "HEAD") if known else None
    return {
        "package": hash_code()[:SHORT],
        "commit": commit.decode().strip() if commit else None,
        "changes": _hash_changes(package) if commit else None,
    }


def _hash_changes(package: Path) -> str | None:
    """Return the SHA-256 of what differs from the commit in the whole repository, if anything."""
    root = Path(os.fsdecode(_require_git(package, "rev-parse", "--show-toplevel").rstrip(b"\n")))
    changes = [_require_git(root, *DIFFERENCE)]
    listed = _require_git(root, "ls-files", "--others", "--exclude-standard", "-z", "--", *SOURCES)
    for name in sorted(filter(None, listed.split(b"\0"))):
        path = root / os.fsdecode(name)
        changes += [name, path.read_bytes() if path.is_file() else b""]
    if not any(changes):
        return None
    return hashlib.sha256(b"\0".join(changes)).hexdigest()


def _require_git(folder: Path, *arguments: str) -> bytes:
    return _ask_git(folder, *arguments) or b""


def _ask_git(folder: Path, *arguments: str) -> bytes | None:
    """Return what git answers, or ``None`` if it does not."""
    command = ["git", "--no-optional-locks", "-C", str(folder), *arguments]
    try:
        found = subprocess.run(command, capture_output=True, check=False)
    except OSError:
        return None  # no git on this machine
    return found.stdout if found.returncode == 0 else None
