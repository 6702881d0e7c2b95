"""The quarantine: which files are refused, why, and how many a run bears."""

import numpy as np

from onion_pipeline.annotations import DataFrame
from onion_pipeline.errors import DataError
from onion_pipeline.images.arrays import DecodedImages, make_keys
from onion_pipeline.images.decoding.decoder import RejectedImageError, Rendering, decode_image
from onion_pipeline.images.loading import read_indexed_file
from onion_pipeline.images.sources import ImageSource

REASONS = {
    "animated": "has several frames or pages, of which none is the picture "
    "(`ingest.animation: first_frame` takes the first)",
    "changed": "was rewritten while the run was reading it",
    "compressed_too_much": "unpacks to more than 200 times its size in the archive",
    "contradicting_rows": "is listed more than once, with different labels, splits or groups",
    "empty": "has no bytes",
    "encrypted": "is encrypted in its archive",
    "link": "is a link (`ingest.follow_links: true` follows links)",
    "listed_twice": "has the name of another file",
    "missing_file": "is listed in a table, but not there",
    "nested_archive": "is an archive inside the source; unpack it, or name it itself",
    "no_label": "lies in no class folder, or has no label in the table",
    "not_a_file": "is a device, a pipe or a socket",
    "not_an_image": "neither is an image nor has the name of one",
    "too_many_bytes": "is larger than 768 MiB",
    "too_many_pixels": "has more pixels than `ingest.max_pixels` (250 million), "
    "or a side over 65,535",
    "undecodable": "is truncated or damaged",
    "unreadable": "could not be read from its disk, archive or server",
    "unsafe_path": "has a path that leads out of its archive or out of the folder of its table",
    "unsupported_format": "is an image by its name, but not JPEG, PNG, BMP, GIF, WebP or TIFF; "
    "what it is instead, as HEIC or a Git LFS pointer, stands beside it with what to do",
    "unsupported_mode": "stores pixels that have no 8-bit meaning (floating point, 32 bits)",
}
# What to do, where it is not to bring pictures that can be read.
ADVICE = {
    "contradicting_rows": "Keep one row for each of them in the table.",
    "encrypted": "Pack them without a password.",
    "link": "To read what they lead to: --params ingest.follow_links=true. Links to files that are "
    "there already, to nowhere and in an archive are not followed.",
    "listed_twice": "Give each file a name of its own.",
    "missing_file": "The paths in a table are relative to the folder that it lies in: correct "
    "them, or put the files there.",
    "nested_archive": "Unpack them, or name one of them: --params images=path/to/archive.zip",
    "no_label": "The class of a picture is the folder it lies in, <class>/<picture>, or, where a "
    "table lists the pictures, its column label.",
    "unreadable": "See to it that they can be read, and run again.",
    "unsafe_path": "Name files relative to the root of their archive, or to the folder of their "
    "table: folder/file.jpg",
}
# Notes, licences and tables lie beside pictures; they say nothing of the pictures' state.
HARMLESS = frozenset({"not_an_image"})
EXAMPLES = 3  # in a message
COLUMNS = ["path", "sha256", "reason", "detail"]


def list_quarantined(
    source: ImageSource, index: DataFrame, decoded: DecodedImages, rendering: Rendering
) -> DataFrame:
    """Return the files of the `index` of `source` that are not among the images `decoded` from it.

    Files that were refused by their pixels are decoded once more for the reason; they are few.

    Returns:
        Columns ``path``, ``sha256`` (missing where the file could not be read), ``reason`` and
        ``detail``; sorted by path.
    """
    import pandas as pd

    readable = np.flatnonzero(index["reason"].isna())
    refused = index.iloc[np.setdiff1d(readable, decoded["index"])]
    shape = decoded["image"].shape[1:]
    found = []
    for path, key in zip(refused["path"], make_keys(refused["sha256"]).tolist(), strict=True):
        try:
            decode_image(read_indexed_file(source, path, key), shape, rendering)
            found.append(("unreadable", "it could not be read at first; now it can: run again"))
        except RejectedImageError as error:
            found.append((error.reason, error.detail))
    by_pixels = refused.copy()
    by_pixels[["reason", "detail"]] = found or None
    by_header = index[index["reason"].notna()]
    listed = pd.concat([by_header, by_pixels.astype(by_header.dtypes)])[COLUMNS]
    return listed.sort_values("path", ignore_index=True)


def check_quarantine(quarantine: DataFrame, count: int, limit: float) -> None:
    """Check that of `count` files no larger share than `limit` is in the `quarantine`.

    Files that are no pictures by name or content, such as notes, do not count.

    Raises:
        DataError: more are refused, or all.
    """
    counted = quarantine[~quarantine["reason"].isin(HARMLESS)]
    pictures = count - (len(quarantine) - len(counted))
    if len(quarantine) == count:
        files = f"None of the {count} files is" if count > 1 else "The one file is not"
        raise DataError(
            f"{files} a usable image: {describe_reasons(quarantine)}. {_advise(quarantine)}"
        )
    if len(counted) > limit * pictures:
        raise DataError(
            f"{len(counted)} of {pictures} pictures ({len(counted) / pictures:.1%}) refused, "
            f"more than ingest.max_quarantined allows ({limit:.1%}): {describe_reasons(counted)}. "
            f"{_advise(counted)} If they may be left out, remove them or raise the limit: "
            "--params ingest.max_quarantined=1",
            dataset="quarantine",
        )


def describe_reasons(rejected: DataFrame) -> str:
    """Return how many files are refused for which reason, and examples of the first few."""
    counts = rejected["reason"].value_counts()
    reasons = ", ".join(f"{reason} ({count})" for reason, count in counts.items())
    # What another format is, and what to do about it, is told of each; what is damaged, once.
    told = rejected["detail"].where(rejected["reason"] == "unsupported_format")
    shown = rejected[~rejected.assign(detail=told).duplicated(["reason", "detail"])].head(EXAMPLES)
    examples = (shown["path"] + ": " + shown["detail"]).tolist()
    return f"{reasons}; the first {'is' if len(examples) == 1 else 'are'} {'; '.join(examples)}"


def _advise(rejected: DataFrame) -> str:
    """Return what to do about the most frequent reason; it says what kind of source it is."""
    reasons = rejected["reason"].value_counts().index
    first = next((reason for reason in reasons if reason not in HARMLESS), reasons[0])
    return ADVICE.get(first, "Expected are JPEG, PNG, BMP, GIF, WebP or TIFF files.")
