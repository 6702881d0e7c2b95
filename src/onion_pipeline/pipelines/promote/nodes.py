"""Nodes that make a version champion by hand."""

import logging

from onion_pipeline.parameters import PromoteParameters, RegisterParameters
from onion_pipeline.registry import aliases

logger = logging.getLogger(__name__)


def promote_version(parameters: PromoteParameters, register: RegisterParameters) -> None:
    """Make a registered version champion."""
    logger.info(aliases.promote_version(register.model_name, parameters.version))
