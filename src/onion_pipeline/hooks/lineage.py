"""What ``--only-missing-outputs`` makes anew."""

import logging
from typing import Any

from kedro.framework.hooks import hook_impl
from kedro.io import CatalogProtocol
from kedro.pipeline import Pipeline
from kedro.pipeline.node import Node

from onion_pipeline.hooks.messages import mistakes_as_messages
from onion_pipeline.lineage import find_lineage, mark_outdated, note_lineage

logger = logging.getLogger(__name__)


class Lineage:
    """Notes what each artifact was made of; by that, finds those that are out of date.

    Kedro keeps every output that exists, of whatever inputs and parameters it was made.
    """

    def __init__(self) -> None:
        self._lineages: dict[str, str] = {}

    @hook_impl
    def before_pipeline_run(
        self, run_params: dict[str, Any], pipeline: Pipeline, catalog: CatalogProtocol
    ) -> None:
        """Let what is out of date count as missing, before Kedro looks for what is."""
        if run_params["only_missing_outputs"]:
            with mistakes_as_messages():
                outdated = mark_outdated(pipeline, catalog)
            logger.info("Missing or out of date: %s", ", ".join(outdated) or "nothing")

    @hook_impl
    def before_node_run(self, node: Node, catalog: CatalogProtocol) -> None:
        """Look at the inputs as the node has them: they may be others when it is done."""
        self._catalog = catalog
        self._lineages[node.name] = find_lineage(node, catalog)

    @hook_impl
    def after_dataset_saved(self, dataset_name: str, node: Node) -> None:
        """Note what an artifact was made of; one without a note is out of date."""
        note_lineage(self._catalog, dataset_name, self._lineages[node.name])
