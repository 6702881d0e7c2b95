"""What an artifact was made of: whether a run today would make the same.

The lineage of an artifact is a hash of the node that makes it, its parameters, the state of its
inputs, this project's code and the libraries below it. It is noted in the seal of the artifact.
"""

from functools import cache

from kedro.io import CatalogProtocol
from kedro.pipeline import Pipeline
from kedro.pipeline.node import Node

from onion_pipeline.datasets.checkpoints_dataset import CheckpointsDataset
from onion_pipeline.datasets.image_source_dataset import ImageSourceDataset
from onion_pipeline.datasets.sealed import Sealed
from onion_pipeline.origin import fingerprint
from onion_pipeline.storage.files import amend_seal, read_seal

LIBRARIES = (
    *("albumentations", "cleanlab", "jinja2", "keras", "markdown-it-py", "matplotlib", "numpy"),
    *("opencv-python-headless", "pandas", "pillow", "plotly", "pyarrow", "scikit-learn", "scipy"),
    *("simplejpeg", "tensorflow", "tensorflow-cpu", "umap-learn"),
)
# They name a version in the registry, and there an alias may have been given to another one.
UNKNOWN = frozenset({"params:predict", "params:verify"})


def mark_outdated(pipeline: Pipeline, catalog: CatalogProtocol) -> list[str]:
    """Let what `pipeline` would make otherwise today, and all that is made of it, count as missing.

    Nothing is deleted: marks are on the datasets of `catalog`, and go with the process.

    Returns:
        The names of what is missing or out of date, in the order in which it is made.
    """
    outdated: dict[str, None] = {}
    for node in pipeline.nodes:
        if not outdated.keys().isdisjoint(node.inputs) or not _is_current(node, catalog):
            outdated |= dict.fromkeys(node.outputs)
    for name in outdated:
        _mark(catalog, name, outdated=True)
    return list(outdated)


def find_lineage(node: Node, catalog: CatalogProtocol) -> str:
    """Return the lineage of what `node` makes; ``""`` if the state of an input is not known."""
    states = [_find_state(catalog, name) for name in node.inputs]
    if None in states:
        return ""
    return fingerprint(node.name, (), _find_libraries(), *zip(node.inputs, states, strict=True))


def note_lineage(catalog: CatalogProtocol, name: str, lineage: str) -> None:
    """Note the lineage of an artifact that has just been saved."""
    dataset = catalog.get(name)
    if isinstance(dataset, Sealed):
        amend_seal(dataset.find_path(), lineage=lineage)
        _mark(catalog, name, outdated=False)


@cache
def _find_libraries() -> str:
    return fingerprint("libraries", LIBRARIES)


def _is_current(node: Node, catalog: CatalogProtocol) -> bool:
    lineage = find_lineage(node, catalog)
    return bool(lineage) and all(
        catalog.exists(name) and _read_lineage(catalog, name) == lineage for name in node.outputs
    )


def _read_lineage(catalog: CatalogProtocol, name: str) -> str | None:
    dataset = catalog.get(name)
    seal = read_seal(dataset.find_path()) if isinstance(dataset, Sealed) else None
    return seal.lineage if seal else None


def _find_state(catalog: CatalogProtocol, name: str) -> str | None:
    if name in UNKNOWN:
        return None
    if name.startswith("params:"):
        return repr(catalog.load(name))
    dataset = catalog.get(name)
    if isinstance(dataset, CheckpointsDataset):
        return ""  # from where a training goes on changes nothing in what comes out
    known = isinstance(dataset, Sealed | ImageSourceDataset)
    return dataset.find_state() if known else None


def _mark(catalog: CatalogProtocol, name: str, *, outdated: bool) -> None:
    dataset = catalog.get(name)
    if isinstance(dataset, Sealed):
        dataset.outdated = outdated
