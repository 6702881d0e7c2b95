"""What a source holds, path by path: a file that may be read, or why it may not."""

import os
from collections.abc import Callable, Iterable, Sequence
from itertools import accumulate
from typing import Generic

from onion_pipeline.errors import list_some
from onion_pipeline.images.sources import names
from onion_pipeline.images.sources.code_pages import describe_undecoded
from onion_pipeline.images.sources.source import ImageSource, Member, Reader, Refusal
from onion_pipeline.images.suffixes import IMAGE_NAME

# Whether a file or folder is wanted, by its path; a folder that is not is not entered.
Keep = Callable[[str], bool]


class Listing(Generic[Member]):
    """Collects the files of a source under their paths.

    A path that comes up twice is refused: two systems would take different files for it, and
    nobody can tell which of them is meant. What is not to `keep` is passed over.
    """

    def __init__(self, keep: Keep = names.is_no_litter) -> None:
        self.keep = keep
        self.undecoded: list[bytes] = []  # names that are not UTF-8
        self.links: list[str] = []  # in an archive; they may lead to folders
        self._found: dict[str, Member | Refusal] = {}
        self._entered = {"": True}

    def admit_name(self, name: str) -> str | None:
        """Return the path of the file that a stranger calls `name`.

        ``None`` if it is not wanted, or not safe: then it has been refused.
        """
        fault = names.find_fault(name)
        if fault:
            self.refuse(names.shorten_name(name), "unsafe_path", fault)
            return None
        path = self.show(names.normalize_name(name))
        return path if self._is_entered(path.rpartition("/")[0]) and self.keep(path) else None

    def show(self, name: str) -> str:
        """Return the printable path of the file that a system calls `name`."""
        path = names.make_printable(name)
        if path != name:
            self.undecoded.append(os.fsencode(name))
        return path

    def add(self, path: str, member: Member) -> None:
        """List the file at `path`, unless it is an archive: that is a source of its own."""
        if names.is_archive(path):
            self.refuse(path, "nested_archive", "an archive inside: unpack it, or name it itself")
        else:
            self._list(path, member)

    def refuse(self, path: str, reason: str, detail: str) -> None:
        """List the file at `path` as one that must not be read."""
        self._list(path, Refusal(path, reason, detail))

    def refuse_link(self, path: str, detail: str) -> None:
        """List the symbolic link at `path` in an archive, which is not followed."""
        self.refuse(path, "link", detail)
        if not IMAGE_NAME.search(path):
            self.links.append(path)

    def make_source(
        self,
        location: str,
        make_reader: Callable[[dict[str, Member]], Reader],
        unentered: Iterable[str] = (),
        warning: str | None = None,
    ) -> ImageSource:
        """Return a source of what is listed, with a warning of all that is odd about its names.

        It begins with `warning`; `make_reader` returns what reads the members it is given.
        """
        members = self.find_members()
        warnings = (
            warning,
            describe_undecoded(sorted(self.undecoded), location),
            describe_links(self.links, location),
        )
        return ImageSource(
            location,
            make_reader(members),
            tuple(members),
            self.find_refused(),
            unentered=tuple(sorted(unentered)),
            warning=" ".join(filter(None, warnings)) or None,
        )

    def find_members(self) -> dict[str, Member]:
        """Return what may be read, sorted by path."""
        return {
            path: found
            for path, found in sorted(self._found.items(), key=lambda item: item[0])
            if not isinstance(found, Refusal)
        }

    def find_refused(self) -> tuple[Refusal, ...]:
        """Return what may not, sorted by path."""
        return tuple(sorted(found for found in self._found.values() if isinstance(found, Refusal)))

    def _is_entered(self, folder: str) -> bool:
        if folder not in self._entered:
            parts = accumulate(folder.split("/"), "{}/{}".format)
            self._entered[folder] = all(map(self.keep, parts))
        return self._entered[folder]

    def _list(self, path: str, found: Member | Refusal) -> None:
        if path not in self._found:
            self._found[path] = found
        elif not isinstance(self._found[path], Refusal):
            detail = "several files have this name; which of them is meant cannot be told"
            self._found[path] = Refusal(path, "listed_twice", detail)


def describe_links(paths: Sequence[str], location: str) -> str | None:
    """Return a warning of links in an archive that may lead to folders; ``None`` without any."""
    if not paths:
        return None
    return (
        f"Links in {location} are not followed: {list_some(sorted(paths))}. If one leads "
        "to a folder of pictures, these are left out. Pack what links lead to (tar -h, zip "
        "without -y), or unpack it and name the folder, with ingest.follow_links=true."
    )
