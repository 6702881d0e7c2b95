"""What an artifact was made of: whether a run today would make the same.

The origin of an artifact is a hash of the node that makes it, its parameters, the state of its
inputs, this project's code and the libraries below it. It is noted in the seal of the artifact.
"""

import logging
from functools import cache
from typing import Any

from kedro.framework.hooks import hook_impl
from kedro.io import CatalogProtocol
from kedro.pipeline import Pipeline
from kedro.pipeline.node import Node

from onion_pipeline.datasets.checkpoints_dataset import CheckpointsDataset
from onion_pipeline.datasets.image_source_dataset import ImageSourceDataset
from onion_pipeline.datasets.sealed import Sealed
from onion_pipeline.hooks.messages import mistakes_as_messages
from onion_pipeline.origin import ARTIFACTS, hash_origin
from onion_pipeline.storage.seals import amend_seal, read_seal

logger = logging.getLogger(__name__)


class OutdatedArtifacts:
    """Notes what each artifact was made of; by that, finds those that are out of date.

    Kedro keeps every output that exists, of whatever inputs and parameters it was made.
    """

    def __init__(self) -> None:
        self._origins: dict[str, str] = {}

    @hook_impl
    def before_pipeline_run(
        self, run_params: dict[str, Any], pipeline: Pipeline, catalog: CatalogProtocol
    ) -> None:
        """Let what is out of date count as missing, before Kedro looks for what is."""
        if run_params["only_missing_outputs"]:
            with mistakes_as_messages():
                outdated = _find_outdated(pipeline, catalog)
            for dataset in map(catalog.get, outdated):
                if isinstance(dataset, Sealed):
                    dataset.outdated = True  # in this process, not on the disk
            logger.info("Missing or out of date: %s", ", ".join(outdated) or "nothing")

    @hook_impl
    def before_node_run(self, node: Node, catalog: CatalogProtocol) -> None:
        """Look at the inputs as the node has them: they may be others when it is done."""
        self._catalog = catalog
        self._origins[node.name] = _find_origin(node, catalog)

    @hook_impl
    def after_dataset_saved(self, dataset_name: str, node: Node) -> None:
        """Note what an artifact was made of; one without a note is out of date."""
        dataset = self._catalog.get(dataset_name)
        if isinstance(dataset, Sealed):
            amend_seal(dataset.find_path(), origin=self._origins[node.name])
            dataset.outdated = False


def _find_outdated(pipeline: Pipeline, catalog: CatalogProtocol) -> list[str]:
    """Return what `pipeline` would make otherwise today, and all that is made of it, in order."""
    outdated: dict[str, None] = {}
    for node in pipeline.nodes:
        if not outdated.keys().isdisjoint(node.inputs) or not _is_current(node, catalog):
            outdated |= dict.fromkeys(node.outputs)
    return list(outdated)


def _is_current(node: Node, catalog: CatalogProtocol) -> bool:
    origin = _find_origin(node, catalog)
    return bool(origin) and all(
        catalog.exists(name) and _read_origin(catalog, name) == origin for name in node.outputs
    )


def _read_origin(catalog: CatalogProtocol, name: str) -> str | None:
    dataset = catalog.get(name)
    seal = read_seal(dataset.find_path()) if isinstance(dataset, Sealed) else None
    return seal.origin if seal else None


def _find_origin(node: Node, catalog: CatalogProtocol) -> str:
    """Return the origin of what `node` makes; ``""`` if the state of an input is not known."""
    states = [_find_state(catalog, name) for name in node.inputs]
    if None in states:
        return ""
    return hash_origin(node.name, (), _find_libraries(), *zip(node.inputs, states, strict=True))


@cache
def _find_libraries() -> str:
    return hash_origin("libraries", ARTIFACTS)


def _find_state(catalog: CatalogProtocol, name: str) -> str | None:
    if name in {"params:predict", "params:verify"}:
        return None  # they name a version, or an alias that may have gone to another one
    if name.startswith("params:"):
        return repr(catalog.load(name))
    dataset = catalog.get(name)
    if isinstance(dataset, CheckpointsDataset):
        return ""  # from where a training goes on changes nothing in what comes out
    known = isinstance(dataset, Sealed | ImageSourceDataset)
    return dataset.find_state() if known else None
