"""What a folder on this machine holds, and what the links in it lead to."""

import heapq
import os
from pathlib import Path

from onion_pipeline.images.sources.listing import Keep, Listing
from onion_pipeline.images.sources.names import make_printable


class Walk:
    """Lists what is to `keep` of a folder; none is entered twice, so no link leads in a circle.

    Links are looked at once all else is listed, and in the order of their names: what is listed
    does not depend on the order in which a disk has it. Those to files and folders that are
    listed themselves, or to folders around them, are refused; so are all others, unless they are
    to be followed.

    Attributes:
        listing: the name of each file, by its printable path.
        names: of all files and links.
        unentered: the printable paths of folders whose files are not listed.
    """

    def __init__(self, root: str, keep: Keep, *, follow: bool) -> None:
        self.listing: Listing[str] = Listing(keep)
        self.names: list[str] = []
        self.unentered: set[str] = set()
        self._root = root
        self._follow = follow
        self._links: list[str] = []  # a heap
        self._paths: dict[str, str] = {}  # of the folders that were entered, by their true ones
        self._enter("", os.path.realpath(root))
        self._settle_links()

    def _enter(self, folder: str, place: str) -> None:
        """List the folder with the true path `place`, and those in it."""
        waiting = [(folder, place)]
        while waiting:
            folder, place = waiting.pop()
            if place in self._paths:
                known = make_printable(self._paths[place].rstrip("/") or self._root)
                self._refuse(folder[:-1], "link", f"leads to {known}, listed already")
                continue
            self._paths[place] = folder
            try:
                with os.scandir(f"{self._root}/{folder}") as entries:
                    for entry in entries:
                        name = folder + entry.name
                        if self.listing.keep(name) and self._is_folder(entry, name):
                            waiting.append((f"{name}/", f"{place}/{entry.name}"))
            except OSError as error:
                if not folder:
                    raise
                self.unentered.add(make_printable(folder[:-1]))
                detail = f"{error.strerror}: its files are not listed"
                self._refuse(folder[:-1], "unreadable", detail)

    def _is_folder(self, entry: os.DirEntry[str], name: str) -> bool:
        """Tell whether `entry` is a folder to be entered; if it is not, it is listed."""
        if entry.is_dir(follow_symlinks=False):
            return True
        self.names.append(name)
        if entry.is_symlink():
            heapq.heappush(self._links, name)
        elif entry.is_file(follow_symlinks=False):
            self.listing.add(self.listing.show(name), name)
        else:
            self._refuse(name, "not_a_file", "a pipe, a socket or a device")
        return False

    def _settle_links(self) -> None:
        files: list[tuple[str, str]] = []
        while self._links:
            name = heapq.heappop(self._links)
            target = os.path.realpath(f"{self._root}/{name}")
            # Unlike pathlib's, these are false for a target that must not be looked at.
            if not os.path.isdir(target):  # noqa: PTH112
                files.append((name, target))
            elif target in self._paths or self._is_around(target, name):
                self._refuse_link(name)
            elif self._follow:
                self._enter(f"{name}/", target)
            else:
                self.unentered.add(make_printable(name))
                self._refuse_link(name)
        listed = frozenset(self.listing.find_members().values()) if files else frozenset()
        for name, target in files:
            self._settle_file(name, target, listed)

    def _settle_file(self, name: str, target: str, listed: frozenset[str]) -> None:
        folder, _, file = target.rpartition("/")
        is_listed = folder in self._paths and self._paths[folder] + file in listed
        if self._follow and not is_listed and os.path.isfile(target):  # noqa: PTH113
            self.listing.add(make_printable(name), name)
        else:
            self._refuse_link(name)

    def _is_around(self, target: str, name: str) -> bool:
        """Tell whether the folder `target` holds the root, or the link `name` itself."""
        home = os.path.realpath(f"{self._root}/{name.rpartition('/')[0]}")
        around = f"{target.rstrip('/')}/"
        return any(f"{place}/".startswith(around) for place in (home, os.path.realpath(self._root)))

    def _refuse_link(self, name: str) -> None:
        target = Path(f"{self._root}/{name}").readlink()
        self._refuse(name, "link", f"a link to {make_printable(str(target))}")

    def _refuse(self, name: str, reason: str, detail: str) -> None:
        self.listing.refuse(make_printable(name), reason, detail)
