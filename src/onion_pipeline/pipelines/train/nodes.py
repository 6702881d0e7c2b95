"""Nodes that train the network."""

from onion_pipeline.annotations import DataFrame, KerasModel, PlotlyFigure
from onion_pipeline.images.arrays import LabelledImages
from onion_pipeline.parameters import TrainParameters
from onion_pipeline.training import curves, fit


def train_model(
    untrained_model: KerasModel,
    augmented_images: LabelledImages,
    validation_images: LabelledImages,
    parameters: TrainParameters,
    seed: int,
) -> tuple[KerasModel, DataFrame]:
    """Train the network; keep the best epoch by the validation images."""
    trained = fit.train_model(
        untrained_model, augmented_images, validation_images, parameters, seed
    )
    return trained.model, trained.history


def plot_training_curves(training_history: DataFrame) -> PlotlyFigure:
    """Show loss and accuracy over the epochs."""
    return curves.plot_training_curves(training_history)
