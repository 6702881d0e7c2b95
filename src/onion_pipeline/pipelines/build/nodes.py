"""Nodes that make an untrained network."""

from onion_pipeline.annotations import DataFrame, KerasModel
from onion_pipeline.images.arrays import LabelledImages
from onion_pipeline.model import architecture
from onion_pipeline.model import build as model_building
from onion_pipeline.model.graph import read_graph
from onion_pipeline.parameters import BuildParameters


def build_model(
    train_images: LabelledImages, class_names: list[str], parameters: BuildParameters, seed: int
) -> KerasModel:
    """Build the network for the image's shape and the number of classes."""
    layers = architecture.read_layers(parameters.layers)
    shape = train_images["image"].shape[1:]
    return model_building.build_model(layers, shape, len(class_names), seed)


def describe_architecture(untrained_model: KerasModel) -> DataFrame:
    """Tell of each layer of the network what leaves it, and what it costs."""
    return architecture.tabulate_architecture(read_graph(untrained_model))
