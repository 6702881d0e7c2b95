"""What tells one state of a source from the next, without reading a picture."""

import hashlib
from collections.abc import Hashable
from contextlib import suppress
from pathlib import Path

from onion_pipeline.images.sources.idx import find_idx_images, list_label_names
from onion_pipeline.images.sources.listing import Keep
from onion_pipeline.images.sources.manifests import open_manifest
from onion_pipeline.images.sources.names import find_ancestors
from onion_pipeline.images.sources.opening import find_place
from onion_pipeline.images.sources.place import Place
from onion_pipeline.images.sources.tables import is_table


def find_state(location: str | Path) -> str | None:
    """Return a hash of the name, the size and the time of change of each file of a source.

    Args:
        location: as for :func:`~onion_pipeline.images.sources.opening.open_source`. Of an archive
            the archive counts; with a table, or an IDX file, what belongs to it as well. Servers
            have other words for the time of change, and some on the web have none.

    Returns:
        64 hexadecimal digits; ``None`` where nothing is there, or cannot be asked.

    Raises:
        DataError: a table of files cannot be understood.
    """
    place = find_place(location)
    with suppress(OSError):
        kind = place.find_kind()
        if kind:
            versions = place.find_versions() if kind == "folder" else _find_file_versions(place)
            return hashlib.blake2b(repr(versions).encode(), digest_size=32).hexdigest()
    return None


def _find_file_versions(place: Place) -> list[Hashable]:
    keep = _find_companions(place)
    beside = place.parent.find_versions(keep) if keep else []
    return [place.find_version(), *beside]


def _find_companions(place: Place) -> Keep | None:
    """Return what tells the files that belong to a file from others beside it."""
    if find_idx_images([place.name]):
        return list_label_names(place.name).__contains__
    if is_table(place.name):
        return find_ancestors(open_manifest(place, labelled=False).paths).__contains__
    return None
