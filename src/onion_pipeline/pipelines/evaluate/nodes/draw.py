"""Nodes that draw what was predicted and how it was judged."""

import numpy as np

from onion_pipeline.annotations import DataFrame, ImageFigure
from onion_pipeline.augmentation.corruptions import SEVERITIES, corrupt_images, list_corruptions
from onion_pipeline.evaluation import figures, trust_figures
from onion_pipeline.images.arrays import LabelledImages
from onion_pipeline.parameters import EvaluateParameters


def draw_corruptions(test_images: LabelledImages, seed: int) -> ImageFigure:
    """Show one picture damaged in each way."""
    image = np.ascontiguousarray(test_images["image"][:1])
    names = [*list_corruptions(image.shape[3])]
    pictures = [
        [image[0], *(corrupt_images(image, name, severity, seed)[0] for severity in SEVERITIES)]
        for name in names
    ]
    return trust_figures.draw_corruptions(np.array(pictures), names)


def draw_mistakes(
    test_predictions: DataFrame, test_images: LabelledImages, parameters: EvaluateParameters
) -> ImageFigure:
    """Show the most confident mistakes."""
    return figures.draw_mistakes(test_predictions, test_images, parameters.worst_mistakes)
