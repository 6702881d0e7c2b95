"""How the lineage of a run today differs from that of a registered version."""

from collections.abc import Collection, Iterator, Mapping
from typing import Any

from onion_pipeline.annotations import DataFrame
from onion_pipeline.training.lineage import RecordedVersion, shorten_hashes
from onion_pipeline.training.training_origin import find_changes

SHOWN = 5  # images, or values, of each kind
LONGEST_VALUE = 40  # characters
# A lineage is made anew in a verification: these of the images themselves ...
RECOMPUTED = ["data", "split"]
# ... and these are what was noted then beside what is here now.
COMPARED = ["parameters", "code", "dependencies", "seed"]

REPRODUCED = "reproduced bit by bit"

Differences = dict[str, dict[str, Any]]
"""By part; of data and split how many images and the first of them, of the others
``[recorded, present]`` by name."""


def compare_version(
    recorded: RecordedVersion,
    lineage: Mapping[str, Any],
    images: DataFrame,
    refused: Collection[str] = (),
) -> dict[str, Any]:
    """Return in what `lineage` differs from that of a version, as JSON has it.

    Args:
        recorded: the version.
        lineage: of a run today.
        images: its images, from :func:`~onion_pipeline.training.lineage.list_images`.
        refused: paths of files that are there and are no readable images.

    Returns:
        ``model``; ``status``: ``unchanged`` or ``differs``; ``found``: a line for each part that
        differs; ``notes``: what differs and has no effect; ``recomputed`` and ``compared``:
        how each part was looked at; ``hash`` and ``source``: recorded and present;
        ``differences``, see :data:`Differences`.
    """
    differences = _compare_values(recorded.lineage, lineage)
    notes = _note_commit(differences)
    differences |= _compare_tables(recorded, lineage, shorten_hashes(images), refused)
    return {
        "model": recorded.uri,
        "status": "differs" if differences else "unchanged",
        "found": list(_describe(differences)),
        "notes": notes,
        "recomputed": RECOMPUTED,
        "compared": COMPARED,
        "hash": _set_beside(recorded.lineage["hash"], lineage["hash"]),
        "source": _set_beside(recorded.lineage["source"], lineage["source"]),
        "differences": differences,
    }


def explain_differences(compared: Mapping[str, Any]) -> str:
    """Return an error message about what :func:`compare_version` has found."""
    source = compared["source"]
    elsewhere = (
        f"It was made of the images at {source['recorded']}, and these are at {source['present']}. "
        if source["recorded"] != source["present"]
        else ""
    )
    listing = "\n".join(f"  - {line}" for line in compared["found"])
    return (
        f"A run today would not make {compared['model']} again, so none was started:\n{listing}\n"
        f"{elsewhere}Verify with the images and parameters of the version (--params images=..., "
        "train.epochs=...), or train all the same with verify.retrain=always."
    )


def compare_checksums(
    recorded: RecordedVersion, checksum: str, lineage_hash: str
) -> dict[str, Any]:
    """Return whether a model that was trained again is that of a version, as JSON has it.

    `checksum` is of the content of that model, and `lineage_hash` of its training.
    """
    return {
        "model": recorded.uri,
        "status": REPRODUCED if checksum == recorded.checksum else "other weights",
        "hash": _set_beside(recorded.lineage["hash"], lineage_hash),
        "checksum": _set_beside(recorded.checksum, checksum),
        "recomputed": ["pixels", "variants", "first weights", "training"],
    }


def explain_other_weights(reproduction: Mapping[str, Any], compared: Mapping[str, Any]) -> str:
    """Return an error message about a model that came out otherwise."""
    reasons = "; ".join(compared["found"]) or (
        "nothing that the lineage holds, so that something decides the weights that it does not "
        "hold, or the version was made in several runs with other parameters"
    )
    return (
        f"{reproduction['model']} was trained again and has other weights. What differs beside: "
        f"{reasons}."
    )


def compare_images(
    recorded: DataFrame, present: DataFrame, refused: Collection[str] = ()
) -> dict[str, list[str]]:
    """Return the paths of images that are not as they were, by what became of them.

    Args:
        recorded: columns ``path``, ``label``, ``sha256``; no two rows of one path.
        present: likewise.
        refused: paths of files that are there now and are no readable images.

    Returns:
        ``added``, ``removed``; ``changed`` in content; ``relabelled``, by a table or by a move to
        another folder; ``renamed``, with the same content and label.
    """
    joined = recorded.merge(present, on="path", how="outer", suffixes=("", "_now"), indicator=True)
    both, gone, new = (
        joined[joined["_merge"] == side] for side in ("both", "left_only", "right_only")
    )
    broken = gone["path"].isin(list(refused))
    moved = _match_contents(gone[~broken], new)
    other = both["sha256"] != both["sha256_now"]
    found = {
        "added": new.loc[~new["path"].isin(moved["path_now"]), "path"],
        "removed": gone.loc[~broken & ~gone["path"].isin(moved["path"]), "path"],
        "changed": [*both.loc[other, "path"], *gone.loc[broken, "path"]],
        "relabelled": [
            *both.loc[~other & (both["label"] != both["label_now"]), "path"],
            *moved.loc[moved["label"] != moved["label_now"], "path_now"],
        ],
        "renamed": moved.loc[moved["label"] == moved["label_now"], "path_now"],
    }
    return {kind: sorted(paths) for kind, paths in found.items()}


def _match_contents(gone: DataFrame, new: DataFrame) -> DataFrame:
    """Return the files that went and came with the same content; of equal ones, in their order."""
    came = new[["path", "label_now", "sha256_now"]].set_axis(["path", "label", "sha256"], axis=1)
    then, now = (table.assign(number=table.groupby("sha256").cumcount()) for table in (gone, came))
    columns = ["path", "label", "sha256", "number"]
    return then[columns].merge(now, on=["sha256", "number"], suffixes=("", "_now"))


def _set_beside(recorded: str, present: str) -> dict[str, str]:
    return {"recorded": recorded, "present": present}


def _compare_values(recorded: Mapping[str, Any], present: Mapping[str, Any]) -> Differences:
    """Return what differs in the parts that hold values."""
    differences = {}
    for part in COMPARED:
        changes = find_changes(*(dict(_flatten(each[part])) for each in (recorded, present)))
        changes.pop("hash", None)
        if changes:
            differences[part] = changes
    return differences


def _note_commit(differences: Differences) -> list[str]:
    """Take another commit with the same source of the package out of `differences`; note it."""
    if "code" not in differences or "package" in differences["code"]:
        return []
    changes = _describe_values(differences.pop("code"))
    return [f"the package's source is the same, but what is around it is not: {changes}"]


def _compare_tables(
    recorded: RecordedVersion,
    lineage: Mapping[str, Any],
    images: DataFrame,
    refused: Collection[str],
) -> Differences:
    """Return what differs in data and split."""
    differences: Differences = {}
    if recorded.lineage["data"]["hash"] != lineage["data"]["hash"]:
        found = compare_images(recorded.images, images, refused)
        differences["data"] = {kind: _count(paths) for kind, paths in found.items() if paths}
    if recorded.lineage["split"]["hash"] != lineage["split"]["hash"]:
        both = recorded.images.merge(images, on="path", suffixes=("", "_now"))
        if moved := both.loc[both["split"] != both["split_now"], "path"].tolist():
            differences["split"] = {"moved": _count(moved)}
    return differences


def _count(paths: list[str]) -> dict[str, Any]:
    return {"images": len(paths), "first": paths[:SHOWN]}


def _flatten(value: Any, name: str = "") -> Iterator[tuple[str, Any]]:
    """Give the values in nested dictionaries and lists with names such as ``layers.0.units``."""
    if not isinstance(value, dict | list) or not value:
        yield name, value
        return
    entries = value.items() if isinstance(value, dict) else enumerate(value)
    for key, entry in entries:
        yield from _flatten(entry, f"{name}.{key}" if name else str(key))


def _describe(differences: Differences) -> Iterator[str]:
    """Give a line for each part that differs."""
    for part in RECOMPUTED:
        kinds = (_describe_images(*found) for found in differences.get(part, {}).items())
        if listing := "; ".join(kinds):
            yield f"{part} changed: {listing}"
    for part in COMPARED:
        if part in differences:
            yield f"{part} changed: {_describe_values(differences[part])}"


def _describe_images(kind: str, found: Mapping[str, Any]) -> str:
    more = ", ..." if found["images"] > len(found["first"]) else ""
    return f"{found['images']} {kind} ({', '.join(found['first'])}{more})"


def _describe_values(changes: Mapping[str, list[Any]]) -> str:
    shown = [f"{name} {_shorten(then)} -> {_shorten(now)}" for name, (then, now) in changes.items()]
    more = [f"and {len(shown) - SHOWN} more"] if len(shown) > SHOWN else []
    return ", ".join([*shown[:SHOWN], *more])


def _shorten(value: Any) -> str:
    text = str(value)
    return text if len(text) <= LONGEST_VALUE else f"{text[:LONGEST_VALUE]}..."
