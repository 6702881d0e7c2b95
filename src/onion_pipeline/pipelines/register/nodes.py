"""Nodes that register the network."""

from typing import Any

from onion_pipeline.annotations import KerasModel
from onion_pipeline.images.decoding import make_rendering
from onion_pipeline.parameters import IngestParameters, RegisterParameters
from onion_pipeline.registry import versions
from onion_pipeline.registry.card import ModelCard


def register_model(
    calibrated_model: KerasModel,
    class_names: list[str],
    metrics: dict[str, Any],
    ingest: IngestParameters,
    parameters: RegisterParameters,
) -> dict[str, Any]:
    """Register the network with its class names and preprocessing, or note that it is pending."""
    card = ModelCard(class_names, calibrated_model.input_shape[1:], make_rendering(ingest))
    registered = versions.register_model(
        calibrated_model, card, parameters.model_name, parameters.alias
    )
    return {**registered._asdict(), "accuracy": metrics["accuracy"]}
