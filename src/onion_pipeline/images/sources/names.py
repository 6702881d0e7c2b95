"""Names of files as strangers write them: which are harmless, and how they are shown."""

import os
import re
from collections.abc import Callable, Iterable, Mapping
from itertools import accumulate

# What systems leave lying about, in capitals or not; nobody thinks of these files as images.
LITTER = frozenset(
    {"$extend", "$recycle.bin", "desktop.ini", "ehthumbs.db", "ehthumbs_vista.db", "lost+found"}
    | {"picasa.ini", "system volume information", "thumbs.db"}  # Windows, Linux
    | {"__macosx", "icon\r", "network trash folder", "thevolumesettingsfolder"}  # macOS
    | {"#recycle", "#snapshot", "@eadir", "@sharebin", "@tmp"}  # Synology
    | {"@__thumb", "@recently-snapshot", "@recycle"}  # QNAP
    | {"~snapshot", "_gsdata_", "_vti_cnf", "__pycache__"}  # others
    | {f"found.00{number}" for number in range(10)}  # what a check of a disk has saved
)
# In this spelling: in another, they may be what somebody has photographed.
LITTER_AS_SPELT = frozenset({"RECYCLED", "RECYCLER", "Temporary Items", "iPod Photo Cache"})
# Beside each file: what Windows knows of where it is from, and a Synology of all else.
LITTER_ENDINGS = ("zone.identifier", "@synoeastream", "@synoresource")
ARCHIVES = (".7z", ".bz2", ".gz", ".rar", ".tar", ".tbz2", ".tgz", ".txz", ".xz", ".zip", ".zst")
# What Linux allows a path. Longer ones are made to exhaust whoever takes them apart.
MAX_LENGTH = 4096
SHOWN = 200  # characters of a longer one
ABSOLUTE = re.compile(r"/|[A-Za-z]:")
URI = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:/")
# Whom it belongs to and what it is signed with, in each URL of a text.
CREDENTIALS = re.compile(
    r"(?P<scheme>\w://)(?:[^/\s'\"]*@)?(?P<path>[^\s?'\"]*)(?P<query>\?[^\s'\"]*)?"
)
# What a name has that is at fault, or that is to be normalized.
SUSPECT = re.compile(r"[\0\\:]|//|(?:^|/)\.{1,2}(?:/|$)|^/|/$|^$")
FAULTS: Mapping[str, Callable[[str], object]] = {
    f"its name is longer than {MAX_LENGTH} characters": lambda name: len(name) > MAX_LENGTH,
    "its name holds a NUL byte": lambda name: "\0" in name,
    "its name holds a backslash: write folder/file": lambda name: "\\" in name,
    "its name is a URI: name files relative to the root": URI.match,
    "its name is absolute: name files relative to the root": ABSOLUTE.match,
    "its name leads upwards (..), perhaps out of the root": lambda name: ".." in name.split("/"),
    "its name is empty": lambda name: not normalize_name(name),
}


def make_printable(name: str) -> str:
    r"""Return `name` as text that any file can hold: a byte that is not UTF-8 becomes ``\xff``."""
    if name.isascii():
        return name
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def hide_credentials(text: str) -> str:
    """Return `text` without the users, passwords and signatures in its URLs."""
    return CREDENTIALS.sub(
        lambda url: f"{url['scheme']}{url['path']}{'?...' if url['query'] else ''}", text
    )


def is_no_litter(path: str) -> bool:
    """Tell whether the last part of `path` is what a user has put there, and not a system."""
    name = path.rpartition("/")[2]
    lowered = name.lower()
    return not (
        name.startswith(".")
        or lowered in LITTER
        or lowered.endswith(LITTER_ENDINGS)
        or name in LITTER_AS_SPELT
    )


def is_archive(path: str) -> bool:
    """Tell whether `path` is named as an archive."""
    return path.lower().endswith(ARCHIVES)


def normalize_name(name: str) -> str:
    """Return `name` without empty and ``.`` parts, which are no folders."""
    if not SUSPECT.search(name):
        return name
    return "/".join(part for part in name.split("/") if part not in {"", "."})


def find_fault(name: str) -> str | None:
    """Return why `name` is not safely relative to a root; ``None`` where it is.

    Stricter than this system demands: what is harmless here may not be on the next one.
    """
    if len(name) <= MAX_LENGTH and not SUSPECT.search(name):
        return None  # as nearly all are: an archive may have a million
    return next((fault for fault, is_at_fault in FAULTS.items() if is_at_fault(name)), None)


def find_ancestors(names: Iterable[str]) -> frozenset[str]:
    """Return `names` and the folders that lead to them."""
    return frozenset(part for name in names for part in accumulate(name.split("/"), "{}/{}".format))


def shorten_name(name: str) -> str:
    """Return `name` printable, and cut off where it is too long to be shown."""
    shown = make_printable(name)
    return shown if len(shown) <= MAX_LENGTH else f"{shown[:SHOWN]}..."
