"""What a model was made of, as it stands on its version: one hash, and what it is of."""

import hashlib
import json
import platform
from collections.abc import Mapping
from io import BytesIO
from typing import Any, NamedTuple

from pydantic import BaseModel

from onion_pipeline.annotations import DataFrame
from onion_pipeline.errors import WeightsError
from onion_pipeline.images.sources.names import hide_credentials
from onion_pipeline.model.architecture import find_backbone, read_layers
from onion_pipeline.model.backbones.weights import IMAGENET, find_weights_file
from onion_pipeline.origin import MODEL, SHORT, describe_code, find_versions
from onion_pipeline.training.training_origin import describe_processors, hash_json

PARTS = ("data", "split", "parameters", "code", "dependencies", "seed")
# Whose parameters decide a model.
GROUPS = ("ingest", "augment", "build", "train", "evaluate")
# They change nothing in the model: when a run stops, what else it keeps, and where.
WITHOUT_EFFECT = {
    "ingest": {"max_quarantined", "folds"},
    "augment": {"keep"},
    "train": {"checkpoint_minutes"},
}
# Of the others of their group these alone change what is registered: when it answers, and how.
WITH_EFFECT = {
    "evaluate": {"class_frequencies", "target_accuracy", "target_coverage", "set_coverage"}
}
REFUSED = "refused"
# Among the attachments of a version.
LINEAGE, IMAGES = "lineage.json", "image_lineage.parquet"


class RecordedVersion(NamedTuple):
    """A version as it was registered.

    Args:
        uri: ``models:/<name>/<version>``.
        checksum: of the model's content, see :func:`~onion_pipeline.serving.content.hash_content`.
        lineage: from :func:`describe_lineage`.
        images: from :func:`list_images`, with the first digits of each hash.
    """

    uri: str
    checksum: str
    lineage: dict[str, Any]
    images: DataFrame


def list_images(index: DataFrame, splits: DataFrame) -> DataFrame:
    """Return each readable image with the split that it is in.

    Args:
        index: columns ``path``, ``label``, ``sha256`` and ``reason``, sorted by path.
        splits: columns ``path`` and ``split``.

    Returns:
        Columns ``path``, ``label``, ``sha256`` and ``split``, which is ``refused`` for an image
        that has a header and could not be decoded: it may have had a part in the choice of
        the size.
    """
    readable = index.loc[index["reason"].isna(), ["path", "label", "sha256"]]
    listed = readable.merge(splits[["path", "split"]], on="path", how="left")
    return listed.fillna({"split": REFUSED})


def describe_lineage(
    images: DataFrame, source: str, parameters: Mapping[str, BaseModel], seed: int
) -> dict[str, Any]:
    """Return what decides the weights of a model, in six parts, each with its hash.

    The data count by the content and the label of each image in their order, the split by the
    content and the split of each; a new name that leaves the order as it is changes nothing. A file
    of pretrained weights counts by its content, among the parameters, which name it.

    Args:
        images: from :func:`list_images`.
        source: the address of the images; named, and in no hash.
        parameters: by the names of their groups; those without effect are left out.
        seed: of the run.

    Returns:
        Values of JSON: ``hash`` over the hashes of all parts, ``source`` without credentials, and
        each of :data:`PARTS` with its ``hash``.
    """
    contents = images["sha256"].tolist()
    counts = images["split"].value_counts().sort_index()
    values = {
        "parameters": {
            **{name: _dump(name, group) for name, group in parameters.items()},
            **_hash_weights(parameters["build"]),
        },
        "code": describe_code(),
        "dependencies": {
            "libraries": {"python": platform.python_version(), **find_versions(MODEL)},
            "processors": {
                "system": f"{platform.system()} {platform.machine()}",
                **describe_processors(),
            },
        },
        "seed": {"seed": seed},
    }
    parts: dict[str, dict[str, Any]] = {
        "data": {"hash": hash_json(contents, images["label"].tolist()), "images": len(images)},
        "split": {
            "hash": hash_json(contents, images["split"].tolist()),
            "images": {str(name): int(count) for name, count in counts.items()},
        },
        **{part: {"hash": hash_json(value), **value} for part, value in values.items()},
    }
    whole = hash_json([parts[part]["hash"] for part in PARTS])
    return {"hash": whole, "source": hide_credentials(source), **parts}


def shorten_hashes(images: DataFrame) -> DataFrame:
    """Return `images` with as much of each hash as it takes to tell one image from another."""
    return images.assign(sha256=images["sha256"].str[:SHORT])


def make_tags(lineage: Mapping[str, Any]) -> dict[str, str]:
    """Return the tags of a version with this lineage, as ``lineage.data``: its hashes."""
    tags = {f"lineage.{name}": str(lineage[name]["hash"]) for name in PARTS}
    return {"lineage.hash": str(lineage["hash"]), **tags}


def write_files(lineage: Mapping[str, Any], images: DataFrame) -> dict[str, bytes]:
    """Return the files that a version keeps of its lineage, by their names."""
    table = BytesIO()
    shorten_hashes(images).to_parquet(table, index=False, compression="zstd")
    return {LINEAGE: json.dumps(lineage, indent=2).encode(), IMAGES: table.getvalue()}


def _dump(name: str, group: BaseModel) -> Any:
    included, excluded = WITH_EFFECT.get(name), WITHOUT_EFFECT.get(name)
    return _hide(group.model_dump(mode="json", include=included, exclude=excluded))


def _hash_weights(build: BaseModel) -> dict[str, Any]:
    """Return the hash of a file of pretrained weights; nothing if there is none.

    Those of ImageNet need none: each is checked against a checksum in this project's code, or in
    Keras'.
    """
    backbone = find_backbone(read_layers(build.model_dump()["layers"]))
    if backbone is None or backbone.weights in {None, IMAGENET}:
        return {}
    try:
        path = find_weights_file(str(backbone.weights))
    except WeightsError:
        return {"backbone_weights": None}
    with path.open("rb") as file:
        return {"backbone_weights": hashlib.file_digest(file, "sha256").hexdigest()[:SHORT]}


def _hide(value: Any) -> Any:
    """Return values of JSON without the credentials in their texts."""
    if isinstance(value, dict):
        return {name: _hide(entry) for name, entry in value.items()}
    if isinstance(value, list):
        return [_hide(entry) for entry in value]
    return hide_credentials(value) if isinstance(value, str) else value
